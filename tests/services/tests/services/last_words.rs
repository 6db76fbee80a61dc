//! What is published when all else is over arrives.

use futures_util::StreamExt as _;
use libc::SIGTERM;
use lifecycle_services_tests::{Nats, ask};

use crate::{ready, service, well};

/// As large as they are, most of them are still in the client when its teardown begins, as the server does not read.
const MESSAGES: usize = 400;

/// By this user.
#[track_caller]
fn arrives(user: &str) {
    let nats = Nats::locked();
    let published = nats.subscribe("orders");
    let url = format!("nats://{user}:secret@127.0.0.1:{}", nats.port());
    let program = service("hold/nats").env("BROKER_URL", url).env("PUBLISH", MESSAGES.to_string());
    let mut child = ready(program);
    nats.freeze();
    child.signal(SIGTERM);
    // Beside it nothing keeps the other resources: the cleanup has begun.
    child.wait_for("ledger closed");
    nats.thaw();
    well(&child.ended()).reported(&["Publisher", "ok"]);
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

/// The server refuses the question whether all has arrived: that is an answer too.
#[test]
fn what_is_published_last_by_one_who_may_do_nothing_else_arrives() {
    arrives("orders");
}
