//! The conformance of a source: each rule finds its fault, and a source without faults passes.

use std::time::Duration;

use lifecycle::consumer::conformance;
use lifecycle::consumer::conformance::{Faults, Rule};

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
