//! The number of a broker's message, and whether the broker has delivered the message before.

use lapin::message::Delivery;
use lifecycle::consumer::Entry;

/// A message with a number.
pub(crate) trait Numbered {
    fn id(&self) -> i64;

    /// Returns whether the broker marks the message as redelivered. Some brokers record that elsewhere.
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
