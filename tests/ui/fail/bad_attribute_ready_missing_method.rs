//! The method does not exist, or not for every type of a generic resource.

use lifecycle::resource;

#[resource(no_teardown = "a test", ready = pong)]
struct Database;

impl Database {
    async fn ping(&self) -> bool {
        true
    }
}

#[resource(no_teardown = "a test", ready = pang)]
struct Generic<T>(T);

impl Generic<u8> {
    fn pang(&self) -> bool {
        true
    }
}

fn main() {}
