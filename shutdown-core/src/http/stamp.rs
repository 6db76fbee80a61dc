//! An instant that several tasks share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// An instant as a number, so that it can be shared without a lock: microseconds after the server began, plus one; 0 is
/// never.
#[derive(Default)]
pub(super) struct Stamp(AtomicU64);

impl Stamp {
    /// It is now.
    pub(super) fn set(&self, began: Instant) {
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX - 1);
        self.0.store(micros + 1, Ordering::Relaxed);
    }

    pub(super) fn at(&self, began: Instant) -> Option<Instant> {
        let micros = self.0.load(Ordering::Relaxed).checked_sub(1)?;
        Some(began + Duration::from_micros(micros))
    }
}
