//! Two services of one group, of which one stops at a time.

use std::time::Duration;

use libc::{SIGKILL, SIGTERM};
use lifecycle_process_tests::{Child, Random, soak};
use lifecycle_services_tests::wait_until;

use crate::ledger::now;
use crate::{SESSION_TIMEOUT, Scenario, stopped};

const PARTITIONS: i32 = 4;

struct Outcome {
    twice: u64,
    longest: Duration,
}

/// Restarts two services in turn by `signal`, under load. Returns after all messages are handled.
fn restarted(scenario: &Scenario, messages: u64, restarts: usize, signal: i32) -> Outcome {
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
        let ended = child.ended();
        let gone = now();
        match signal {
            SIGTERM => drop(ended.exited(0)),
            _ => drop(ended.killed_by(signal)),
        }
        let theirs = scenario.ledger.partitions_of(process);
        let taken_over = || scenario.ledger.taken_over(&theirs, process, gone);
        let is_over = || scenario.ledger.handled() == messages;
        wait_until("the other service takes over", || taken_over().is_some() || is_over());
        assert!(!is_over(), "there were too few messages for {restarts} restarts: the load ended at {restart}");
        longest = longest.max(taken_over().unwrap() - gone);
        println!("  restart {restart}: the stop took {:?}, the take-over {} ms", ended.took, taken_over().unwrap() - gone);
        children.push(scenario.start());
    }
    wait_until("each message is handled", || scenario.ledger.handled() == messages);
    children.into_iter().for_each(|child| drop(stopped(child)));
    let twice = scenario.ledger.twice();
    assert_eq!(scenario.committed(), i64::try_from(messages).unwrap(), "each message is committed");
    let longest = Duration::from_millis(u64::try_from(longest).unwrap());
    println!(
        "{messages} messages, {restarts} restarts by signal {signal}: lost 0, handled twice {twice}, the longest \
         take-over {longest:?}"
    );
    Outcome { twice, longest }
}

#[test]
fn restarts_under_load_handle_each_message_once() {
    let (messages, restarts, time) = if soak() { (20_000, 20, "25000") } else { (2_000, 3, "40000") };
    let scenario = Scenario::new("restarts", PARTITIONS).with("MICROSECONDS", time);
    let outcome = restarted(&scenario, messages, restarts, SIGTERM);
    assert_eq!(outcome.twice, 0, "handled twice");
    scenario.ledger.check_order();
    // The member has left its group. Otherwise the broker would wait for this time-out.
    assert!(outcome.longest < SESSION_TIMEOUT, "the longest take-over: {:?}", outcome.longest);
}
