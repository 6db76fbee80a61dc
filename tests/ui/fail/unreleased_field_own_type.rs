//! A type of the user's, by `needs_release!`.
use std::sync::{Arc, Mutex};

mod my {
    pub struct Client;

    impl Client {
        pub async fn flush(&self) -> Result<(), String> {
            Ok(())
        }
    }

    pub struct Batch<T>(pub T);

    impl<T> Batch<T> {
        pub fn send(&self, _now: bool) {}
    }
}

lifecycle::needs_release!(my::Client, "the events that are still buffered", "flush");
lifecycle::needs_release!(my::Batch<(u8, u8)>, "the last batch", send(true), blocking);

#[lifecycle::resource(no_teardown = "memory only")]
struct Audit {
    client: Option<Arc<my::Client>>,
    locked: Mutex<my::Client>,
    batch: my::Batch<(u8, u8)>,
    another: my::Batch<u8>,
}

fn main() {}
