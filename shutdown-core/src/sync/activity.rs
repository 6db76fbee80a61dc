//! What a task is doing, as another thread sees it.

use std::sync::atomic::{AtomicU8, Ordering};

/// Tells a task that does nothing from one that is being polled, or has been polled in the drain.
#[derive(Debug, Default)]
pub(crate) struct Activity(AtomicU8);

const IDLE: u8 = 0;
const IN_POLL: u8 = 1;
const WAS_ACTIVE: u8 = 2;

impl Activity {
    // Relaxed: the value guards nothing, and only decides a word of the report.

    /// A poll begins.
    pub(crate) fn begin(&self) {
        self.0.store(IN_POLL, Ordering::Relaxed);
    }

    /// The poll is over. `in_drain` says whether the drain has begun.
    pub(crate) fn end(&self, in_drain: bool) {
        self.0.store(if in_drain { WAS_ACTIVE } else { IDLE }, Ordering::Relaxed);
    }

    /// Whether no poll is under way, and none has ended in the drain.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == IDLE
    }
}
