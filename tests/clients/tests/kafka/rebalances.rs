//! The group gives partitions to another member while the service runs.

use lifecycle_process_tests::Child;
use lifecycle_services_tests::wait_until;

use crate::{Scenario, stopped};

/// A third member joins and leaves, under load.
fn a_third_member_joins_and_leaves(assignor: &str) {
    const MESSAGES: u64 = 1_600;
    let scenario = Scenario::new(assignor, 6).with("MICROSECONDS", "30000");
    let scenario = scenario.client("partition.assignment.strategy", assignor);
    scenario.fill(MESSAGES);
    let mut children: Vec<Child> = (0..2).map(|_| scenario.start()).collect();
    for child in &mut children {
        child.wait_for("begun 1");
    }
    let mut third = scenario.start();
    third.wait_for("begun 10");
    let process = third.pid();
    stopped(third);
    assert!(scenario.ledger.handled() < MESSAGES, "the load ended before the rebalances");
    scenario.finish(MESSAGES, children);
    let of_third = scenario.ledger.lines().iter().filter(|line| line.process == process).count() / 2;
    let twice = scenario.ledger.twice();
    println!(
        "{assignor}: {MESSAGES} messages, {of_third} by the third member: lost 0, handled twice {twice}"
    );
    assert_eq!(twice, 0, "handled twice");
    scenario.ledger.check_order();
}

pub(crate) fn an_eager_rebalance_handles_each_message_once() {
    a_third_member_joins_and_leaves("range");
}

pub(crate) fn a_cooperative_rebalance_handles_each_message_once() {
    a_third_member_joins_and_leaves("cooperative-sticky");
}

/// The rebalance does not wait for this handler, so its message is handled again. The report says so.
pub(crate) fn a_late_acknowledgement_is_reported() {
    let scenario = Scenario::new("late", 2).with("MICROSECONDS", "8000000").with("REBALANCE_WAIT", "100");
    scenario.fill(2);
    let mut first = scenario.start();
    first.wait_for("begun 2");
    let second = scenario.start();
    wait_until("each message is handled", || scenario.ledger.handled() == 2);
    wait_until("one is handled again", || scenario.ledger.twice() > 0);
    first.signal(libc::SIGTERM);
    let ended = first.stopped();
    ended.exited(70).reported(&["orders", "after its partition", "had been taken away"]);
    drop(second);
}

/// Messages of one partition at once: the offset is committed after each message before it is acknowledged.
pub(crate) fn several_messages_of_a_partition_at_once_are_handled_once() {
    const MESSAGES: u64 = 600;
    let scenario = Scenario::new("several", 1).with("MICROSECONDS", "20000").with("PER_PARTITION", "8");
    scenario.fill(MESSAGES);
    let mut child = scenario.start();
    child.wait_for("begun 50");
    stopped(child);
    let committed = u64::try_from(scenario.committed()).unwrap();
    assert_eq!(
        scenario.ledger.counts("end").into_keys().collect::<Vec<_>>(),
        (0..committed).collect::<Vec<_>>()
    );
    scenario.finish(MESSAGES, [scenario.start()]);
    assert_eq!(scenario.ledger.twice(), 0, "handled twice");
}
