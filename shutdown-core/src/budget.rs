//! From grace to the deadline of each stage and the limit of each hook (R10), as arithmetic.
//!
//! ```text
//! T0                                                                                T0 + grace
//! |-- lame duck --|-- drain ------------|cut|-- cleanup ---------|-- flush ----|margin|
//!                              drain_until  cut_until    cleanup_until   flush_until  deadline
//! ```
//!
//! What an earlier stage does not spend rolls forward by itself: the stages behind it only know when they must end.
//! What is set free when the flush ends, too late to begin, has half of the margin ([`Budget::into_margin`]).

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::plan::{DeclaredPath, Node, Plan, Tails};

/// The sequence aims at ending this much before the deadline, at most, so that it can still report (R9).
const MARGIN: Duration = Duration::from_millis(100);
/// What was cut off gets this long, at most, to be dropped before its resources are torn down.
const CUT: Duration = Duration::from_millis(50);
/// A second signal leaves at most this long (R14).
pub(crate) const FAST: Duration = Duration::from_secs(3);

/// When each stage of one stop has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// What is shared out, and from when on.
    start: Instant,
    grace: Duration,
    pub(crate) drain_until: Instant,
    pub(crate) cut_until: Instant,
    pub(crate) cleanup_until: Instant,
    pub(crate) flush_until: Instant,
    /// The process is gone.
    pub(crate) deadline: Instant,
}

impl Budget {
    /// Splits the `grace` that starts at `start`. The reserves of cleanup and flush are what their declared time-outs
    /// need, and at least a tenth and a twentieth of grace where there is anything to tear down; where they do not fit
    /// they are scaled down together.
    pub(crate) fn new(
        start: Instant,
        grace: Duration,
        cleanup: &DeclaredPath,
        flush: &DeclaredPath,
    ) -> Budget {
        let unsplit = Budget {
            start,
            grace,
            drain_until: start,
            cut_until: start,
            cleanup_until: start,
            flush_until: start + usable(grace),
            deadline: start + grace,
        };
        unsplit.anew(cleanup, flush)
    }

    /// The same time shared out anew, for other reserves.
    pub(crate) fn anew(self, cleanup: &DeclaredPath, flush: &DeclaredPath) -> Budget {
        let Budget { start, grace, .. } = self;
        let available = self.flush_until.saturating_duration_since(start);
        let reserve = |path: &DeclaredPath, least: Duration| {
            if path.any { path.length.max(least) } else { Duration::ZERO }
        };
        let (mut for_cleanup, mut for_flush) = (reserve(cleanup, grace / 10), reserve(flush, grace / 20));
        if for_cleanup.saturating_add(for_flush) > available {
            let wanted = for_cleanup.as_secs_f64() + for_flush.as_secs_f64();
            let scale = available.as_secs_f64() / wanted;
            for_cleanup = for_cleanup.mul_f64(scale);
            for_flush = for_flush.mul_f64(scale);
        }
        let back = |from: Instant, by: Duration| from.checked_sub(by).map_or(start, |at| at.max(start));
        let cleanup_until = back(self.flush_until, for_flush);
        let cut_until = back(cleanup_until, for_cleanup);
        Budget { drain_until: back(cut_until, CUT.min(grace / 100)), cut_until, cleanup_until, ..self }
    }

    /// The same, with a drain that has to end at once, within `FAST` and the old deadline (R14). Nothing ends later
    /// than it would have, but for cleanup: its end leaves the flush its share of what is left.
    pub(crate) fn fast(self, now: Instant, cleanup: &DeclaredPath, flush: &DeclaredPath) -> Budget {
        let window = FAST.min(self.deadline.saturating_duration_since(now));
        let split = Budget::new(now, window, cleanup, flush);
        let split = Budget { flush_until: split.flush_until.min(self.flush_until), ..split };
        let split = split.anew(cleanup, flush);
        let cut_until = now + CUT.min(window / 100);
        Budget {
            drain_until: now,
            cut_until: cut_until.min(split.cut_until).min(self.cut_until.max(now)),
            ..split
        }
    }

    /// The same, with a flush that takes half of the margin; `None` if that is over, too. The other half is the
    /// report's.
    pub(crate) fn into_margin(self, now: Instant) -> Option<Budget> {
        let flush_until = self.flush_until + self.last_chance();
        (now < flush_until).then_some(Budget { flush_until, ..self })
    }

    /// How long the last chance lasts.
    pub(crate) fn last_chance(&self) -> Duration {
        self.deadline.saturating_duration_since(self.flush_until) / 2
    }
}

/// What the stages have of grace.
fn usable(grace: Duration) -> Duration {
    grace.saturating_sub(margin(grace))
}

/// The part of grace that is kept for the report.
pub(crate) fn margin(grace: Duration) -> Duration {
    MARGIN.min(grace / 20)
}

/// How long each hook of one stage may take, so that what is behind it keeps its share (R10).
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    weight: Vec<f64>,
    tails: Vec<f64>,
}

impl Limits {
    /// Shares out the time from `now` to `until(last)` among the items that are not `done`, for both stages.
    pub(crate) fn new(
        plan: &Plan,
        now: Instant,
        until: impl Fn(bool) -> Instant,
        done: impl Fn(Node) -> bool,
    ) -> Limits {
        Limits::by(plan, now, until, done, |timeout| timeout)
    }

    /// The same, in equal shares: where time-outs are scaled far down, next to nothing is left for what has none.
    pub(crate) fn even(
        plan: &Plan,
        now: Instant,
        until: impl Fn(bool) -> Instant,
        done: impl Fn(Node) -> bool,
    ) -> Limits {
        Limits::by(plan, now, until, done, |_| None)
    }

    fn by(
        plan: &Plan,
        now: Instant,
        until: impl Fn(bool) -> Instant,
        done: impl Fn(Node) -> bool,
        seen: impl Fn(Option<Duration>) -> Option<Duration>,
    ) -> Limits {
        let is_last = |node: Node| plan.items()[node].last;
        let declared = |node: Node| seen(plan.items()[node].timeout).map(|timeout| timeout.as_secs_f64());
        let longest = |weight: &dyn Fn(Node) -> f64| {
            let tails = Tails::new(plan, weight);
            let mut longest = [0.0_f64; 2];
            for node in 0..plan.items().len() {
                let stage = &mut longest[usize::from(is_last(node))];
                *stage = stage.max(weight(node) + tails.behind(node, is_last(node)));
            }
            longest
        };
        let [d, d_last] = longest(&|node| declared(node).filter(|_| !done(node)).unwrap_or(0.0));
        let undeclared = |node: Node| !done(node) && declared(node).is_none();
        let [n, n_last] = longest(&|node| f64::from(u8::from(undeclared(node))));
        let time = |last: bool| until(last).saturating_duration_since(now).as_secs_f64();
        let share = |time: f64, d: f64, n: f64| ((time - d) / n.max(1.0)).max(0.05 * time);
        let shares = [share(time(false), d, n), share(time(true), d_last, n_last)];
        let unscaled = |node: Node| {
            if done(node) { 0.0 } else { declared(node).unwrap_or(shares[usize::from(is_last(node))]) }
        };
        let [l, l_last] = longest(&unscaled);
        let scale = |time: f64, longest: f64| if longest > time { time / longest } else { 1.0 };
        let scales = [scale(time(false), l), scale(time(true), l_last)];
        let weight: Vec<f64> =
            (0..plan.items().len()).map(|node| unscaled(node) * scales[usize::from(is_last(node))]).collect();
        let tails = Tails::new(plan, |node| weight[node]);
        let tails = (0..weight.len()).map(|node| tails.behind(node, is_last(node)));
        Limits { tails: tails.collect(), weight }
    }

    /// When `node`, whose stage ends at `until`, has to make way for what is behind it.
    pub(crate) fn must_end(&self, node: Node, until: Instant) -> Instant {
        until.checked_sub(Duration::from_secs_f64(self.tails[node])).unwrap_or(until)
    }

    /// The share that `node` was given.
    pub(crate) fn share(&self, node: Node) -> Duration {
        Duration::from_secs_f64(self.weight[node])
    }
}

/// Whether the declared time-outs fit into `grace`; else the items on the path that does not, and what it needs (R12).
pub(crate) fn check(plan: &Plan, grace: Duration) -> Result<(), TooLong> {
    fits(plan, &plan.declared_path(false), &plan.declared_path(true), grace)
}

/// The same, for paths that are known.
pub(crate) fn fits(
    plan: &Plan,
    cleanup: &DeclaredPath,
    flush: &DeclaredPath,
    grace: Duration,
) -> Result<(), TooLong> {
    let needed = cleanup.length.saturating_add(flush.length);
    let available = usable(grace);
    if needed <= available {
        return Ok(());
    }
    let describe = |node: &Node| {
        let item = &plan.items()[*node];
        let timeout = humantime::format_duration(item.timeout.unwrap_or_default());
        format!("`{}` {timeout}", item.name)
    };
    let path: Vec<String> = cleanup.items.iter().chain(&flush.items).map(describe).collect();
    Err(TooLong { needed, available, path: path.join(", then ") })
}

/// Declared time-outs, one behind the other, that need more than grace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    needed: Duration,
    available: Duration,
    path: String,
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the time-outs {} need {}, but grace leaves {} for teardown: raise `grace` or lower a `timeout`",
            self.path,
            humantime::format_duration(self.needed),
            humantime::format_duration(self.available),
        )
    }
}
