//! What `Requeue` and `Reject` do to a message of Kafka.

use lifecycle_services_tests::wait_until;

use crate::{Scenario, stopped};

const MESSAGES: u64 = 100;
/// Each fifth message.
const POISON: u64 = 20;

/// A message that fails is given again before the later messages of its partition.
pub(crate) fn a_requeued_message_is_handled_before_later_ones() {
    let scenario = Scenario::new("requeue", 2).with("HANDLER", "fail");
    scenario.fill(MESSAGES);
    scenario.finish(MESSAGES, [scenario.start()]);
    let failed = scenario.ledger.counts("failed");
    assert_eq!((failed.len() as u64, failed.values().sum::<u64>()), (POISON, POISON), "each fails once");
    assert_eq!(scenario.ledger.twice(), 0, "handled twice");
    scenario.ledger.check_order();
}

#[track_caller]
fn rejected(scenario: &Scenario) {
    scenario.fill(MESSAGES);
    let child = scenario.start();
    wait_until("each message has its verdict", || {
        scenario.ledger.handled() + scenario.ledger.counts("rejected").len() as u64 == MESSAGES
    });
    stopped(child);
    assert_eq!(scenario.committed(), i64::try_from(MESSAGES).unwrap(), "each message is committed");
    assert_eq!(scenario.ledger.counts("rejected").values().sum::<u64>(), POISON, "each is rejected once");
}

pub(crate) fn a_rejected_message_is_in_the_topic_for_dead_letters() {
    let scenario = Scenario::new("reject", 2).with("HANDLER", "reject");
    let dead = format!("{}-dead", scenario.topic);
    scenario.broker.create(&dead, 1);
    let scenario = scenario.with("DEAD_LETTERS", &dead);
    rejected(&scenario);
    let mut letters: Vec<u64> =
        scenario.broker.payloads(&dead).iter().map(|number| number.parse().expect("a number")).collect();
    letters.sort_unstable();
    assert_eq!(letters, (0..MESSAGES).step_by(5).collect::<Vec<_>>());
}

pub(crate) fn a_rejected_message_without_that_topic_is_acknowledged() {
    rejected(&Scenario::new("reject-alone", 2).with("HANDLER", "reject"));
}
