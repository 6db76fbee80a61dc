//! Which signal is the first, the second, the third (R14).

use std::time::{Duration, Instant};

/// Signals closer together than this count as one, so that a supervisor's SIGTERM and a terminal's SIGINT do (R14).
const DEBOUNCE: Duration = Duration::from_millis(250);

/// Which signal of a stop this is.
#[derive(Debug, Default)]
pub(super) struct Signals {
    counted: u32,
    last: Option<Instant>,
}

pub(super) enum Press {
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
