//! Two services of one group, of which one stops at a time.

use std::time::Duration;

use libc::{SIGKILL, SIGTERM};
use lifecycle_process_tests::{Child, Random, soak};
use lifecycle_services_tests::wait_until;

use crate::ledger::now;
use crate::{Scenario, stopped};

const PARTITIONS: i32 = 4;

/// Restarts two services in turn by `signal`, under load, until all messages are handled. Returns how many messages were
/// handled twice.
fn restarted(scenario: &Scenario, messages: u64, restarts: usize, signal: i32) -> u64 {
    scenario.fill(messages);
    let mut children: Vec<Child> = (0..2).map(|_| scenario.start()).collect();
    let (mut random, mut longest) = (Random::new(), 0);
    for restart in 0..restarts {
        for child in &mut children {
            child.wait_for("begun 1");
        }
        let mut child = children.remove(0);
        child.wait_for(&format!("begun {}", 2 + random.below(20)));
        child.signal(signal);
        let process = child.pid();
        let ended = child.stopped();
        let gone = now();
        match signal {
            SIGTERM => drop(ended.exited(0)),
            _ => drop(ended.killed_by(signal)),
        }
        let theirs = scenario.ledger.partitions_of(process);
        let taken_over = || scenario.ledger.taken_over(&theirs, process, gone);
        let is_over = || scenario.ledger.handled() == messages;
        wait_until("the other service takes over", || taken_over().is_some() || is_over());
        assert!(
            !is_over(),
            "there were too few messages for {restarts} restarts: the load ended at {restart}"
        );
        longest = longest.max(taken_over().unwrap() - gone);
        println!(
            "  restart {restart}: the stop took {:?}, the take-over {} ms",
            ended.took,
            taken_over().unwrap() - gone
        );
        children.push(scenario.start());
    }
    scenario.finish(messages, children);
    let twice = scenario.ledger.twice();
    let longest = Duration::from_millis(u64::try_from(longest).unwrap());
    println!(
        "{messages} messages, {restarts} restarts by signal {signal}: lost 0, handled twice {twice}, the longest \
         take-over {longest:?}"
    );
    twice
}

pub(crate) fn restarts_under_load_handle_each_message_once() {
    let (messages, restarts, time) = if soak() { (20_000, 20, "20000") } else { (2_000, 3, "40000") };
    let scenario = Scenario::new("restarts", PARTITIONS).with("MICROSECONDS", time);
    assert_eq!(restarted(&scenario, messages, restarts, SIGTERM), 0, "handled twice");
    scenario.ledger.check_order();
}

/// The same without a stop, for contrast.
pub(crate) fn a_killed_service_loses_nothing_and_repeats_messages() {
    let (messages, restarts) = if soak() { (4_000, 6) } else { (800, 1) };
    let scenario = Scenario::new("kills", PARTITIONS).with("MICROSECONDS", "40000");
    let twice = restarted(&scenario, messages, restarts, SIGKILL);
    assert!(twice > 0, "a negative control: messages of the last 5 s are not committed");
}

/// Tansu completes a rebalance half of the session time-out after it begins. It begins at once if a member leaves its
/// group, and after the session time-out if not.
pub(crate) fn a_stopped_member_leaves_its_group() {
    let session = Duration::from_secs(16);
    let scenario = Scenario::new("leave", PARTITIONS).with("MICROSECONDS", "40000");
    let scenario = scenario.client("session.timeout.ms", &session.as_millis().to_string());
    scenario.fill(4_000);
    let mut children: Vec<Child> = (0..2).map(|_| scenario.start()).collect();
    for child in &mut children {
        child.wait_for("begun 1");
    }
    let process = children[0].pid();
    let ended = stopped(children.remove(0));
    let gone = now();
    let theirs = scenario.ledger.partitions_of(process);
    let taken_over = || scenario.ledger.taken_over(&theirs, process, gone);
    wait_until("the other service takes over", || taken_over().is_some());
    let took = taken_over().unwrap() - gone;
    println!("the stop took {:?}, the take-over {took} ms of a session time-out of {session:?}", ended.took);
    assert!(took < session.as_millis(), "the member has not left its group: {took} ms");
    stopped(children.remove(0));
    assert_eq!(scenario.ledger.twice(), 0, "handled twice");
}
