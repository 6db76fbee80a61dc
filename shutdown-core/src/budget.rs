//! From grace to the end of each stage (R10), as arithmetic.
//!
//! ```text
//! T0                                                                                T0 + grace
//! |-- lame duck --|-- drain ------------|cut|-- cleanup ---------|-- flush ----|margin|
//!                              drain_until  cut_until    until.cleanup   until.flush  deadline
//! ```
//!
//! A stage has an end, not a length. The time that an earlier stage does not use is therefore left to the later ones.
//! A teardown that becomes free when the flush ends gets half of the margin ([`Budget::into_margin`]).
//!
//! [`Limits`] shares out the time of one stage among its teardowns. [`check`] refuses time-outs that do not fit (R12).

mod fit;
mod limits;
mod parts;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

pub(crate) use fit::{check, fits};
pub(crate) use limits::Limits;

use crate::plan::DeclaredPath;
use crate::stage::PerStage;

/// The grace of a lifecycle for which none is configured: below the 30 s after which Kubernetes kills a pod.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(25);
/// The shortest grace. Even a stop without any work needs a few milliseconds for its threads and its report.
pub(crate) const SHORTEST_GRACE: Duration = Duration::from_millis(10);
/// The longest grace, in which no arithmetic on instants overflows: 366 days.
pub(crate) const LONGEST_GRACE: Duration = Duration::from_secs(31_622_400);

/// The longest margin: the time between the end of the flush and the deadline, for the report (R9).
const LONGEST_MARGIN: Duration = Duration::from_millis(100);
/// The longest time between the end of the drain and the cleanup, in which work that was cut off is dropped.
const LONGEST_CUT: Duration = Duration::from_millis(50);
/// The longest time of the hooks at the notice (R31).
const LONGEST_AT_NOTICE: Duration = Duration::from_secs(5);
/// The longest time between a second signal and the exit (R14).
pub(crate) const LONGEST_FAST_STOP: Duration = Duration::from_secs(3);

/// The end of each stage of one stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// The instant from which `grace` counts.
    start: Instant,
    grace: Duration,
    /// The grace of the program, which is longer than `grace` if the environment has lowered it (R12).
    fits_into: Duration,
    /// The work in flight is cut off.
    pub(crate) drain_until: Instant,
    /// The teardown begins, even if some work has not ended.
    pub(crate) cut_until: Instant,
    /// Cleanup and flush end.
    pub(crate) until: PerStage<Instant>,
    /// The process is gone.
    pub(crate) deadline: Instant,
}

impl Budget {
    /// Splits the `grace` that starts at `start`.
    ///
    /// A stage with anything to tear down gets a reserve: its declared time-outs, and at least grace/10 for the cleanup
    /// and grace/20 for the flush. Reserves that do not fit are scaled down by the same factor.
    pub(crate) fn new(start: Instant, grace: Duration, paths: &PerStage<DeclaredPath>) -> Budget {
        let unsplit = Budget {
            start,
            grace,
            fits_into: grace,
            drain_until: start,
            cut_until: start,
            until: PerStage { cleanup: start, flush: start + usable(grace) },
            deadline: start + grace,
        };
        unsplit.split_again(paths)
    }

    /// Splits a `grace` that was lowered from `fits_into`.
    ///
    /// Time-outs that no longer fit are scaled as grace was. So the drain keeps its part of the time (R12).
    pub(crate) fn lowered(
        start: Instant,
        grace: Duration,
        fits_into: Duration,
        paths: &PerStage<DeclaredPath>,
    ) -> Budget {
        Budget { fits_into: fits_into.max(grace), ..Budget::new(start, grace, paths) }.split_again(paths)
    }

    /// Splits the same time again, for other reserves.
    pub(crate) fn split_again(self, paths: &PerStage<DeclaredPath>) -> Budget {
        let Budget { start, grace, fits_into, .. } = self;
        let available = self.until.flush.saturating_duration_since(start);
        let fits = paths.cleanup.length.saturating_add(paths.flush.length) <= available;
        let reserve = |path: &DeclaredPath, least: Duration| match path.any {
            true if fits || fits_into == grace => path.length.max(least),
            true => path.length.mul_f64(grace.as_secs_f64() / fits_into.as_secs_f64()).max(least),
            false => Duration::ZERO,
        };
        let (mut for_cleanup, mut for_flush) =
            (reserve(&paths.cleanup, grace / 10), reserve(&paths.flush, grace / 20));
        if for_cleanup.saturating_add(for_flush) > available {
            let wanted = for_cleanup.as_secs_f64() + for_flush.as_secs_f64();
            let scale = available.as_secs_f64() / wanted;
            for_cleanup = for_cleanup.mul_f64(scale);
            for_flush = for_flush.mul_f64(scale);
        }
        let back = |from: Instant, by: Duration| from.checked_sub(by).map_or(start, |at| at.max(start));
        let cleanup_until = back(self.until.flush, for_flush);
        let cut_until = back(cleanup_until, for_cleanup);
        Budget {
            drain_until: back(cut_until, time_to_drop(grace)),
            cut_until,
            until: PerStage { cleanup: cleanup_until, ..self.until },
            ..self
        }
    }

    /// Ends the drain at `now`, and the stop within [`LONGEST_FAST_STOP`] and the old deadline (R14).
    ///
    /// Only the cleanup may end later than before: its new end leaves the flush a share of the remaining time.
    pub(crate) fn fast(self, now: Instant, paths: &PerStage<DeclaredPath>) -> Budget {
        let window = LONGEST_FAST_STOP.min(self.deadline.saturating_duration_since(now));
        let mut fast = Budget::new(now, window, paths);
        fast.until.flush = fast.until.flush.min(self.until.flush);
        let fast = fast.split_again(paths);
        let cut_until = now + time_to_drop(window);
        Budget {
            drain_until: now,
            cut_until: cut_until.min(fast.cut_until).min(self.cut_until.max(now)),
            ..fast
        }
    }

    /// Extends the flush by half of the margin, or returns `None` if that time is over, too. The report gets the other
    /// half.
    pub(crate) fn into_margin(mut self, now: Instant) -> Option<Budget> {
        self.until.flush += self.last_chance();
        (now < self.until.flush).then_some(self)
    }

    /// Returns the time in which work that was cut off is dropped.
    pub(crate) fn time_to_drop(&self) -> Duration {
        time_to_drop(self.grace)
    }

    /// Returns the length of the last chance: half of the margin.
    pub(crate) fn last_chance(&self) -> Duration {
        self.deadline.saturating_duration_since(self.until.flush) / 2
    }
}

/// Returns the time in which work that was cut off is dropped.
fn time_to_drop(grace: Duration) -> Duration {
    LONGEST_CUT.min(grace / 100)
}

/// Returns the time that the hooks at the notice may take (R31).
pub(crate) fn time_at_notice(grace: Duration) -> Duration {
    LONGEST_AT_NOTICE.min(grace / 5)
}

/// Returns the part of grace that the stages share.
fn usable(grace: Duration) -> Duration {
    grace.saturating_sub(margin(grace))
}

/// Returns the part of grace that is kept for the report.
pub(crate) fn margin(grace: Duration) -> Duration {
    LONGEST_MARGIN.min(grace / 20)
}
