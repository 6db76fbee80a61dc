//! What each broker's message says: its number, and whether the broker has given it out before.

use lapin::message::Delivery;
use lifecycle::consumer::Entry;

/// A message with a number.
pub(crate) trait Numbered {
    fn id(&self) -> i64;

    /// The broker says that it is not the first time. Some say it elsewhere.
    fn again(&self) -> bool {
        false
    }
}

impl Numbered for Delivery {
    fn id(&self) -> i64 {
        parse(&self.data)
    }

    fn again(&self) -> bool {
        self.redelivered
    }
}

impl Numbered for async_nats::Message {
    fn id(&self) -> i64 {
        parse(&self.payload)
    }
}

impl Numbered for Entry {
    fn id(&self) -> i64 {
        self.get("id").expect("an entry has a number")
    }
}

impl Numbered for Vec<u8> {
    fn id(&self) -> i64 {
        parse(self)
    }
}

fn parse(bytes: &[u8]) -> i64 {
    let text = std::str::from_utf8(bytes).expect("a number is text");
    text.parse().expect("a message is a number")
}
