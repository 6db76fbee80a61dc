//! The messages that a consumer has taken and not acknowledged.

use std::sync::{Arc, Mutex};

use super::{ConsumeError, Error};
use crate::edge::Edge;
use crate::edge::in_flight::{InFlight, Note, Words};
use crate::resource::scope::LAST_WORD;
use crate::sync::gate::Pass;
use crate::sync::lock;

const HANDLING_FAILED: Note =
    Note { once: "a message could not be handled", often: "messages could not be handled" };

/// Of how many failures one is logged. A queue may be full of messages that nobody can handle.
const LOGGED_FAILURES: usize = 100;

/// The words of a consumer for the report.
pub(super) fn words_for(name: &str) -> Words {
    Words {
        #[cfg(feature = "metrics")]
        count: |counts| &mut counts.messages,
        owner: format!("consumer `{name}`"),
        unnamed: "a message is being handled",
        source: "its source",
        has_last_word: true,
    }
}

/// The messages in progress of one consumer.
pub(super) struct InProgress {
    in_flight: Arc<InFlight>,
    unconfirmed: Mutex<Option<Unconfirmed>>,
}

/// Acknowledgements that the broker may not have received.
struct Unconfirmed {
    first: Error,
    messages: usize,
}

impl InProgress {
    pub(super) fn new(in_flight: &Arc<InFlight>) -> Arc<InProgress> {
        Arc::new(InProgress { in_flight: Arc::clone(in_flight), unconfirmed: Mutex::default() })
    }

    /// Gives a pass for one message. `None` once the consumer has ended.
    pub(super) fn pass(&self) -> Option<Pass> {
        self.in_flight.pass()
    }

    /// Keeps the process until the messages that the drain cuts off are requeued, for at most [`LAST_WORD`], and
    /// reports those that are not.
    pub(super) fn stay_for_last_words(self: &Arc<InProgress>, edge: &Edge) {
        let in_progress = Arc::clone(self);
        edge.lifecycle().defer(self.in_flight.owner().to_owned(), move || async move {
            if tokio::time::timeout(LAST_WORD, in_progress.in_flight.ended()).await.is_err() {
                let source = "the broker was not told what becomes of a message that was cut off".into();
                return Err(ConsumeError::Unconfirmed { source, messages: 1 });
            }
            in_progress.take_unconfirmed()
        });
    }

    /// Notes that a handler failed or panicked, and logs some of these.
    pub(super) fn note_failure(&self, error: &str) {
        let count = self.in_flight.note(HANDLING_FAILED, None);
        if count % LOGGED_FAILURES == 1 {
            tracing::warn!(
                consumer = self.in_flight.owner(),
                count,
                "a message could not be handled: {error}"
            );
        }
    }

    /// Notes whether the broker has received the acknowledgement of a message.
    pub(super) fn note_receipt(&self, confirmed: Result<(), Error>) {
        if let Err(error) = confirmed {
            let mut unconfirmed = lock(&self.unconfirmed);
            unconfirmed.get_or_insert(Unconfirmed { first: error, messages: 0 }).messages += 1;
        }
    }

    /// Takes the acknowledgements that the broker may not have received.
    pub(super) fn take_unconfirmed(&self) -> Result<(), ConsumeError> {
        let unconfirmed = lock(&self.unconfirmed).take();
        unconfirmed.map_or(Ok(()), |Unconfirmed { first, messages }| {
            Err(ConsumeError::Unconfirmed { source: first, messages })
        })
    }
}
