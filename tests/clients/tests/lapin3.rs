//! The teardown of a connection of `lapin` 3, and a consumer of its queues. `tests/services` has more cases, for the
//! current version.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_clients_tests::pools::ready;
use lifecycle_process_tests::{Ended, Program, program};
use lifecycle_services_tests::RabbitMq;

/// The messages are large, and the broker does not read. So most are still in the client when its teardown begins.
const MESSAGES: u32 = 400;

fn service(scenario: &str, broker: &RabbitMq, queue: &str, release: bool) -> Program {
    let program = program!("lapin3", scenario).env("BROKER_URL", broker.url()).env("QUEUE", queue);
    program.env("COUNT", MESSAGES.to_string()).env("RELEASE", if release { "1" } else { "0" })
}

#[test]
fn what_is_published_last_arrives() {
    let broker = RabbitMq::start();
    broker.fill("orders", 0);
    let mut child = ready(service("publish", &broker, "orders", true));
    broker.freeze();
    child.signal(SIGTERM);
    child.wait_for("published");
    broker.thaw();
    child.stopped().exited(0).reported(&["Broker", "ok"]);
    assert_eq!(broker.waiting("orders"), MESSAGES, "the broker's view");
}

#[test]
fn without_the_teardown_it_is_lost() {
    let broker = RabbitMq::start();
    broker.fill("orders", 0);
    let mut child = ready(service("publish", &broker, "orders", false));
    broker.freeze();
    child.signal(SIGTERM);
    child.stopped().exited(0);
    broker.thaw();
    // What the kernel of the broker holds arrives too.
    broker.is_left();
    let count = broker.waiting("orders");
    println!("{count} of {MESSAGES} messages arrived");
    assert!(count < MESSAGES, "nothing was lost without the teardown");
}

#[test]
fn a_frozen_broker_is_named_in_time() {
    let broker = RabbitMq::start();
    broker.fill("frozen", 0);
    let mut child = ready(service("publish", &broker, "frozen", true).grace("6s"));
    broker.freeze();
    child.signal(SIGTERM);
    let ended = child.stopped();
    broker.thaw();
    ended.exited(70).within(Duration::from_secs(6)).reported(&["Broker", "timed out"]);
}

#[test]
fn a_consumer_that_is_restarted_loses_no_message_and_handles_none_twice() {
    let broker = RabbitMq::shared();
    broker.fill("older", 1_000);
    let mut all = Vec::new();
    for last in ["handled 100", "handled 500", "handled 999"] {
        let mut child = ready(service("consume", broker, "older", true));
        child.wait_for(last);
        child.signal(SIGTERM);
        let ended = child.stopped();
        ended.exited(0).reported(&["Broker", "ok"]);
        all.extend(handled(&ended));
    }
    all.sort_unstable();
    assert!(all.iter().copied().eq(0..1_000), "lost or handled twice: {all:?}");
    assert_eq!(broker.waiting("older"), 0, "the broker's view");
}

/// Reads the numbers of the messages that a service has handled.
fn handled(ended: &Ended) -> impl Iterator<Item = u64> {
    let numbers = ended.stdout.iter().filter_map(|line| line.strip_prefix("handled "));
    numbers.map(|number| number.parse().expect("a number"))
}
