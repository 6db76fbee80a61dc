//! The conformance of a source: each rule finds its fault, and a source without faults passes.

use std::time::Duration;

use lifecycle::consumer::conformance;
use lifecycle::consumer::conformance::{Faults, Limit, Rule};

use crate::faulty::{Fault, InMemory};

const TIMEOUT: Duration = Duration::from_secs(10);

async fn faults_of(fault: Fault) -> Faults {
    conformance(&InMemory::with(fault), TIMEOUT).await.expect_err("a fault")
}

async fn rules_that_find(fault: Fault) -> Vec<Rule> {
    faults_of(fault).await.iter().map(|fault| fault.rule).collect()
}

#[tokio::test(start_paused = true)]
async fn a_source_without_faults_passes() {
    conformance(&InMemory::with(Fault::None), TIMEOUT).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_rule_alone_finds_a_fault() {
    for (fault, rule) in [
        (Fault::LosesMessage150, Rule::EachOnce),
        (Fault::GivesMessage160Twice, Rule::EachOnce),
        (Fault::SwapsMessages30And31, Rule::InOrder),
        (Fault::MissesTheWakeUp, Rule::Waits),
        (Fault::AwaitsWithAMessageInHand, Rule::DroppedNext),
        (Fault::WaitsAfterCancelBeforeTheFirstMessage, Rule::CancelEnds),
        (Fault::GivesNewMessagesAfterCancel, Rule::CancelStops),
        (Fault::ForgetsAcksAfterCancel, Rule::AckAfterCancel),
        (Fault::FailsAcksAfterCancel, Rule::AckAfterCancel),
        (Fault::ForgetsAck70, Rule::Ack),
        (Fault::IgnoresAcksOfEarlierMessages, Rule::AckInAnyOrder),
        (Fault::AcksAllEarlierMessages, Rule::AckOfOne),
        (Fault::ForgetsRequeuesAfterCancel, Rule::Requeue),
        (Fault::AcksInsteadOfRetryLater, Rule::RetryLater),
        (Fault::RequeuesInsteadOfReject, Rule::Reject),
        (Fault::SendsAcksAtTheDrop, Rule::Finish),
        (Fault::LosesTakenMessagesAtTheDrop, Rule::DroppedSource),
        (Fault::LosesMessagesSentAheadAtTheDrop, Rule::DroppedSource),
        (Fault::KeepsAcknowledgedMessages, Rule::NothingLeft),
    ] {
        assert_eq!(rules_that_find(fault).await, [rule], "{fault:?}: {}", faults_of(fault).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_touches_many_rules_is_found_by_each_of_them() {
    for (fault, rules) in [
        (
            Fault::ForgetsEachAck,
            &[Rule::Ack, Rule::AckAfterCancel, Rule::AckInAnyOrder, Rule::NothingLeft][..],
        ),
        (Fault::AcksTwice, &[Rule::EachOnce, Rule::Requeue]),
        (Fault::AcksInsteadOfRequeue, &[Rule::AckOfOne, Rule::Requeue]),
        (Fault::WaitsAfterEachCancel, &[Rule::CancelEnds, Rule::CancelStops]),
        (Fault::EndsWhenEmpty, &[Rule::Waits, Rule::DroppedNext]),
        (Fault::FailsToFinish, &[Rule::Finish, Rule::CancelEnds]),
        (Fault::FailsToGive, &[Rule::EachOnce, Rule::Reject]),
    ] {
        let found = rules_that_find(fault).await;
        assert!(rules.iter().all(|rule| found.contains(rule)), "{fault:?}: {}", faults_of(fault).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_told_with_what_was_seen() {
    for (fault, text) in [
        (
            Fault::LosesMessage150,
            "each message is given once: `next` did not end within 10s, while these were not given: 150 (EachOnce)",
        ),
        (Fault::GivesMessage160Twice, "message 159 was given twice"),
        (Fault::SwapsMessages30And31, "message 30 was given after message 31"),
        (Fault::EndsWhenEmpty, "`next` returned `None` before `cancel`"),
        (Fault::FailsToFinish, "`finish` failed: the broker is gone"),
        (Fault::FailsToGive, "`next` failed: the wire is cut"),
        (Fault::FailsAcksAfterCancel, "`ack` of message 0 failed: the channel is closed"),
        (Fault::AcksAllEarlierMessages, "and not given: 0, 2, 4, 6, 8"),
        (Fault::ForgetsAck70, "given again: 69"),
        (Fault::LosesTakenMessagesAtTheDrop, "due and not given: 0, 1, 2"),
        (Fault::KeepsAcknowledgedMessages, "the broker keeps 5 of 5 messages"),
    ] {
        let faults = faults_of(fault).await.to_string();
        assert!(faults.starts_with("the source does not keep "), "{faults}");
        assert!(faults.contains(text), "{fault:?}: {faults}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_gives_anything_ends_the_checks_at_the_time_out() {
    let begun = tokio::time::Instant::now();
    faults_of(Fault::WaitsAfterEachCancel).await;
    assert_eq!(begun.elapsed().as_secs(), TIMEOUT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_broker_is_not_a_fault() {
    for (fault, limit) in [
        (Fault::SwapsMessages30And31, Limit::AnyOrder),
        (Fault::GivesNewMessagesAfterCancel, Limit::OpenRequest),
        (Fault::RetriesByNextSource, Limit::RetryByNextSource),
        (Fault::RequeuesAllLaterMessages, Limit::AckInOrder),
    ] {
        let mut broker = InMemory::with(fault);
        conformance(&broker, TIMEOUT).await.expect_err("a fault without the limit");
        broker.limits.push(limit);
        conformance(&broker, TIMEOUT).await.unwrap_or_else(|faults| panic!("{fault:?}: {faults}"));
    }
}

/// A partition of a broker that keeps the order within each partition.
#[tokio::test(start_paused = true)]
async fn order_counts_within_a_partition() {
    let mut broker = InMemory::with(Fault::SwapsMessages30And31);
    broker.partitions = 2;
    conformance(&broker, TIMEOUT).await.unwrap();
}
