//! What a teardown knows of the stop around it, as plain data. The engine writes it, and `release` reads it.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use crate::sync::notice::Notice;

/// The time that work has to hand its messages back to a broker after the drain has cut it off.
///
/// The connection to the broker stays open for as long. The time is the same in `consumer` and in `release`.
pub(crate) const LAST_WORD: Duration = Duration::from_millis(500);

tokio::task_local! {
    static CURRENT: TeardownScope;
}

/// The stop around one teardown. Its default holds for a teardown outside of a stop.
#[derive(Clone, Default)]
pub(crate) struct TeardownScope {
    /// The instant at which the engine gives this teardown up, during a stop.
    pub(crate) deadline: Option<Instant>,
    /// Whether the drain has cut off work that was still in flight.
    pub(crate) work_was_cut: bool,
    /// A notice for each consumer that still hands messages back. It fires once the consumer is done.
    pub(crate) last_words: Vec<Notice>,
}

impl TeardownScope {
    /// Runs a teardown in this scope.
    pub(crate) fn around<F: Future>(self, teardown: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, teardown)
    }

    /// Returns the scope of the teardown that calls this.
    pub(crate) fn current() -> TeardownScope {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Returns the time that is left for this teardown. Outside of a stop there is no limit.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Waits until every consumer has handed back its messages, for at most [`LAST_WORD`].
    ///
    /// A connection to a broker calls this before it closes.
    pub(crate) async fn last_words(&self) {
        let _ = timeout(LAST_WORD, join_all(self.last_words.iter().map(Notice::wait))).await;
    }
}
