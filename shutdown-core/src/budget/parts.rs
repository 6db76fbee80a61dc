//! The lengths of the parts of a stop, for a person or a program that compares them with the times of a platform.

use std::time::Duration;

use super::Budget;

/// The length of each part of grace, in milliseconds. The parts add up to grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The hooks at the notice, if the whole time is theirs (R31).
    pub(crate) at_notice: u128,
    pub(crate) lame_duck: u128,
    pub(crate) drain: u128,
    pub(crate) cut: u128,
    pub(crate) cleanup: u128,
    pub(crate) flush: u128,
    pub(crate) margin: u128,
}

impl Budget {
    /// Returns the parts of a stop that uses the whole time of its hooks `at_notice` and the whole `lame_duck`, and in which no
    /// stage ends early.
    pub(crate) fn parts(&self, at_notice: Duration, lame_duck: Duration) -> Parts {
        // Instants are rounded, not lengths, so that the rounded lengths add up.
        let at = |instant| self.start.max(instant).duration_since(self.start).as_millis();
        let at_notice_until = (self.start + at_notice).min(self.drain_until);
        let lame_duck_until = (self.start + at_notice + lame_duck).min(self.drain_until);
        Parts {
            at_notice: at(at_notice_until),
            lame_duck: at(lame_duck_until) - at(at_notice_until),
            drain: at(self.drain_until) - at(lame_duck_until),
            cut: at(self.cut_until) - at(self.drain_until),
            cleanup: at(self.until.cleanup) - at(self.cut_until),
            flush: at(self.until.flush) - at(self.until.cleanup),
            margin: at(self.deadline) - at(self.until.flush),
        }
    }
}
