//! A readiness check returns `()`, `bool`, or a `Result` of them.

use lifecycle::resource;

struct Mute;

#[resource(no_teardown = "a test", ready = ping)]
struct Number;

impl Number {
    fn ping(&self) -> u32 {
        3
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct Later;

impl Later {
    async fn ping(&self) -> Option<()> {
        None
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct Pong;

impl Pong {
    async fn ping(&self) -> Result<String, std::io::Error> {
        Ok(String::new())
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct NoText;

impl NoText {
    async fn ping(&self) -> Result<(), Mute> {
        Err(Mute)
    }
}

fn main() {}
