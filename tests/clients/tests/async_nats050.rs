//! The teardown of a client of `async-nats` 0.50, and a consumer of its streams. `tests/services` has more cases, for
//! the current version.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use libc::SIGTERM;
use lifecycle_clients_tests::pools::ready;
use lifecycle_process_tests::{Ended, Program, program};
use lifecycle_services_tests::{Nats, ask, wait_until};

/// The messages are large, and the server does not read. So most are still in the client when its teardown begins.
const MESSAGES: usize = 400;

fn service(scenario: &str, nats: &Nats, release: bool) -> Program {
    let program = program!("async-nats050", scenario).env("BROKER_URL", nats.url()).env("QUEUE", "older");
    program.env("COUNT", MESSAGES.to_string()).env("RELEASE", if release { "1" } else { "0" })
}

/// Subscribes to what the service publishes.
fn orders(nats: &Nats) -> impl Stream<Item = usize> + Unpin + use<> {
    nats.subscribe("orders").map(|message| {
        let text = std::str::from_utf8(&message.payload).expect("it is text");
        text.trim().parse().expect("it is a number")
    })
}

/// Returns the messages that arrive until none comes for 2 s.
fn arrived(mut orders: impl Stream<Item = usize> + Unpin) -> Vec<usize> {
    let silence = Duration::from_secs(2);
    ask(async {
        let mut numbers = Vec::new();
        while let Ok(Some(number)) = tokio::time::timeout(silence, orders.next()).await {
            numbers.push(number);
        }
        numbers
    })
}

#[test]
fn what_is_published_last_arrives() {
    let nats = Nats::start();
    let published = orders(&nats);
    let mut child = ready(service("publish", &nats, true));
    nats.freeze();
    child.signal(SIGTERM);
    child.wait_for("published");
    nats.thaw();
    child.stopped().exited(0).reported(&["Broker", "ok"]);
    assert!(arrived(published).into_iter().eq(0..MESSAGES), "some are lost");
}

#[test]
fn without_the_teardown_it_is_lost() {
    let nats = Nats::start();
    let published = orders(&nats);
    let mut child = ready(service("publish", &nats, false));
    nats.freeze();
    child.signal(SIGTERM);
    child.stopped().exited(0);
    nats.thaw();
    let count = arrived(published).len();
    println!("{count} of {MESSAGES} messages arrived");
    assert!(count < MESSAGES, "nothing was lost without the teardown");
}

#[test]
fn a_frozen_server_is_named_in_time() {
    let nats = Nats::start();
    let mut child = ready(service("publish", &nats, true).grace("6s"));
    nats.freeze();
    child.signal(SIGTERM);
    let ended = child.stopped();
    nats.thaw();
    ended.exited(70).within(Duration::from_secs(6)).reported(&["Broker", "the server does not answer"]);
}

#[test]
fn a_consumer_that_is_restarted_loses_no_message_and_handles_none_twice() {
    let nats = Nats::start();
    nats.fill("older", 1_000, None);
    let mut all = Vec::new();
    let left = || {
        let left = nats.info("older");
        (left.num_pending, left.num_ack_pending)
    };
    for last in [Some("handled 100"), Some("handled 500"), None] {
        let mut child = ready(service("consume", &nats, true));
        match last {
            Some(last) => child.wait_for(last),
            None => wait_until("the end of the stream", || left() == (0, 0)),
        }
        child.signal(SIGTERM);
        let ended = child.stopped();
        ended.exited(0).reported(&["Broker", "ok"]);
        all.extend(handled(&ended));
    }
    all.sort_unstable();
    assert!(all.iter().copied().eq(0..1_000), "lost or handled twice: {all:?}");
    assert_eq!(left(), (0, 0), "the server's view");
}

/// Reads the numbers of the messages that a service has handled.
fn handled(ended: &Ended) -> impl Iterator<Item = u64> {
    let numbers = ended.stdout.iter().filter_map(|line| line.strip_prefix("handled "));
    numbers.map(|number| number.parse().expect("a number"))
}
