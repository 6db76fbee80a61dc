//! A readiness check takes `&self`, and nothing else.

use lifecycle::resource;

#[resource(no_teardown = "a test", ready = ping)]
struct Two;

impl Two {
    async fn ping(&self, _: u32) -> bool {
        true
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct None;

impl None {
    fn ping() -> bool {
        true
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct Mutable;

impl Mutable {
    async fn ping(&mut self) -> bool {
        true
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct Taken;

impl Taken {
    async fn ping(self) -> bool {
        true
    }
}

fn main() {}
