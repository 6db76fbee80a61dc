//! The clock port: every deadline reads it, so that a paused clock governs them all.

use std::time::Instant;

/// Where a lifecycle reads the time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The monotonic clock of the system.
    System,
    /// Tokio's clock, which a test can pause.
    Tokio,
}

impl Clock {
    pub(crate) fn now(self) -> Instant {
        match self {
            Clock::System => Instant::now(),
            Clock::Tokio => tokio::time::Instant::now().into_std(),
        }
    }
}
