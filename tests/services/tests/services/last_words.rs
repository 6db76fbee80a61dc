//! Messages that are published after all other work arrive.

use futures_util::StreamExt as _;
use libc::SIGTERM;
use lifecycle_services_tests::{Nats, ask};

use crate::{ready, service};

/// The messages are large, and the server does not read. So most are still in the client when its teardown
/// begins.
const MESSAGES: usize = 400;

/// Publishes all messages as this user, and checks that they arrive.
#[track_caller]
fn arrives(user: &str) {
    let nats = Nats::locked();
    let published = nats.subscribe("orders");
    let url = format!("nats://{user}:secret@127.0.0.1:{}", nats.port());
    let program = service("hold/nats").env("BROKER_URL", url).env("PUBLISH", MESSAGES.to_string());
    let mut child = ready(program);
    nats.freeze();
    child.signal(SIGTERM);
    // The publisher delays no other resource, so this line shows that the cleanup has begun.
    child.wait_for("ledger closed");
    nats.thaw();
    child.stopped().exited(0).reported(&["Publisher", "ok"]);
    let numbers: Vec<usize> = ask(published.take(MESSAGES).map(|message| number(&message.payload)).collect());
    assert!(numbers.iter().copied().eq(0..MESSAGES), "{numbers:?}");
}

fn number(payload: &[u8]) -> usize {
    std::str::from_utf8(payload).expect("it is text").trim().parse().expect("it is a number")
}

#[test]
fn what_is_published_last_arrives() {
    arrives("u");
}

/// The server denies the question whether all messages have arrived. The denial is also a response.
#[test]
fn what_is_published_last_by_one_who_may_do_nothing_else_arrives() {
    arrives("orders");
}
