//! The count of signals: the first, the second and the third have different effects (R14).

use std::time::{Duration, Instant};

/// The time in which several signals count as one, because a supervisor's SIGTERM and a terminal's SIGINT may arrive
/// together (R14).
const DEBOUNCE: Duration = Duration::from_millis(250);

/// The signals that a lifecycle has received.
#[derive(Debug, Default)]
pub(super) struct Signals {
    counted: u32,
    last: Option<Instant>,
}

/// The place of a signal among those that count.
pub(super) enum Press {
    /// The signal came too soon after the one before, and does not count.
    Ignored,
    First,
    Second,
    Third,
}

impl Signals {
    pub(super) fn count(&mut self, now: Instant) -> Press {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < DEBOUNCE) {
            return Press::Ignored;
        }
        self.last = Some(now);
        self.counted += 1;
        match self.counted {
            1 => Press::First,
            2 => Press::Second,
            _ => Press::Third,
        }
    }
}
