//! The broker freezes or dies while the service stops, or while it runs.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_clients_tests::Tansu;
use lifecycle_process_tests::Ended;
use lifecycle_services_tests::wait_until;

use crate::{Scenario, stopped};

const GRACE: Duration = Duration::from_secs(10);
const MESSAGES: u64 = 20;

/// Starts a broker that lives as long as the test program.
fn broker() -> &'static Tansu {
    Box::leak(Box::new(Tansu::start()))
}

/// Stops a service whose messages are handled and not committed, after `fault`.
#[track_caller]
fn stopped_after(name: &str, fault: fn(&Tansu), repair: fn(&Tansu)) -> Ended {
    let scenario = Scenario::at(broker(), name, 2).client("auto.commit.interval.ms", "0");
    scenario.fill(MESSAGES);
    let mut child = scenario.program().grace("10s").start();
    child.wait_for(&format!("handled {MESSAGES}"));
    wait_until("each line is written", || scenario.ledger.handled() == MESSAGES);
    fault(scenario.broker);
    child.signal(SIGTERM);
    let ended = child.stopped();
    println!("{name}: status {:?} after {:?}", ended.status.code(), ended.took);
    repair(scenario.broker);
    ended.within(GRACE);
    ended
}

pub(crate) fn a_frozen_broker_is_named() {
    let ended = stopped_after("frozen", |broker| broker.freeze(), |broker| broker.thaw());
    ended
        .exited(70)
        .reported(&["`orders` failed", "did not confirm within 5s the offsets of 20 handled messages"]);
    ended.said(&["ledger closed"]);
}

pub(crate) fn a_killed_broker_is_named() {
    let ended = stopped_after("killed", |broker| broker.kill(), |_| {});
    ended.exited(70).reported(&["`orders` failed", "20 handled messages"]).said(&["ledger closed"]);
}

/// The handler of one message hangs, and is dropped at the end of the drain. The messages before it are committed.
pub(crate) fn messages_before_a_message_that_was_cut_off_are_committed() {
    let scenario =
        Scenario::new("cut", 1).with("HANDLER", "hang at 7").client("auto.commit.interval.ms", "0");
    scenario.fill(MESSAGES);
    let mut child = scenario.program().grace("4s").start();
    child.wait_for("begun 8");
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(70).reported(&["consumer `orders`: a message is being handled"]);
    assert_eq!(scenario.committed(), 7);
    let scenario = scenario.with("HANDLER", "insert");
    scenario.finish(MESSAGES, [scenario.start()]);
    assert_eq!(scenario.ledger.twice(), 0, "handled twice");
}

pub(crate) fn a_broker_that_is_gone_for_a_moment_ends_no_consumer() {
    let scenario = Scenario::at(broker(), "moment", 2).with("MICROSECONDS", "20000");
    let scenario = scenario.client("session.timeout.ms", "10000");
    scenario.fill(MESSAGES * 20);
    let mut child = scenario.start();
    child.wait_for("begun 20");
    scenario.broker.freeze();
    // The client has more messages, so that only the broker stands still.
    child.wait_for("begun 60");
    scenario.broker.thaw();
    wait_until("each message is handled", || scenario.ledger.handled() == MESSAGES * 20);
    stopped(child);
    assert_eq!(scenario.ledger.twice(), 0, "handled twice");
}
