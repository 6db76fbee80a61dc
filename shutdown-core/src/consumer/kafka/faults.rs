//! Which errors of the client end the consumer. The client repairs the others itself.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Returns whether the consumer cannot go on. The client reconnects, rejoins its group and finds the new leader of a
/// partition without help.
pub(super) fn ends_the_consumer(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        Authentication, AutoOffsetReset, Fatal, FencedInstanceId, GroupAuthorizationFailed,
        SaslAuthenticationFailed, TopicAuthorizationFailed,
    };
    match error {
        KafkaError::MessageConsumptionFatal(_) => true,
        error => error.rdkafka_error_code().is_some_and(|code| {
            matches!(
                code,
                Authentication
                    | AutoOffsetReset
                    | Fatal
                    | FencedInstanceId
                    | GroupAuthorizationFailed
                    | SaslAuthenticationFailed
                    | TopicAuthorizationFailed
            )
        }),
    }
}

/// Returns whether the broker may accept the same commit later.
pub(super) fn is_transient(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        BrokerTransportFailure, CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator,
        OperationTimedOut, RebalanceInProgress, RequestTimedOut, WaitingForCoordinator,
    };
    error.rdkafka_error_code().is_some_and(|code| {
        matches!(
            code,
            BrokerTransportFailure
                | CoordinatorLoadInProgress
                | CoordinatorNotAvailable
                | NotCoordinator
                | OperationTimedOut
                | RebalanceInProgress
                | RequestTimedOut
                | WaitingForCoordinator
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_is_gone_does_not_end_the_consumer() {
        for code in [
            RDKafkaErrorCode::AllBrokersDown,
            RDKafkaErrorCode::BrokerTransportFailure,
            RDKafkaErrorCode::PollExceeded,
            RDKafkaErrorCode::UnknownTopicOrPartition,
        ] {
            assert!(!ends_the_consumer(&KafkaError::MessageConsumption(code)), "{code:?}");
        }
        assert!(!ends_the_consumer(&KafkaError::PartitionEOF(0)));
    }

    #[test]
    fn a_fatal_error_ends_the_consumer() {
        assert!(ends_the_consumer(&KafkaError::MessageConsumptionFatal(RDKafkaErrorCode::Fatal)));
        let refused = RDKafkaErrorCode::TopicAuthorizationFailed;
        assert!(ends_the_consumer(&KafkaError::MessageConsumption(refused)));
    }
}
