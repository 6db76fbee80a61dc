//! From grace to the deadline of each stage and the limit of each hook (R10), as arithmetic.
//!
//! ```text
//! T0                                                                                T0 + grace
//! |-- lame duck --|-- drain ------------|cut|-- cleanup ---------|-- flush ----|margin|
//!                              drain_until  cut_until    cleanup_until   flush_until  deadline
//! ```
//!
//! What an earlier stage does not spend rolls forward by itself: the stages behind it only know when they must end.

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
        let available = grace - margin(grace);
        let reserve = |path: &DeclaredPath, least: Duration| match path.any {
            true => path.length.max(least),
            false => Duration::ZERO,
        };
        let (mut for_cleanup, mut for_flush) = (reserve(cleanup, grace / 10), reserve(flush, grace / 20));
        if for_cleanup + for_flush > available {
            let scale = available.as_secs_f64() / (for_cleanup + for_flush).as_secs_f64();
            for_cleanup = for_cleanup.mul_f64(scale);
            for_flush = for_flush.mul_f64(scale);
        }
        let deadline = start + grace;
        let flush_until = start + available;
        let cleanup_until = flush_until - for_flush;
        let cut_until = cleanup_until
            .checked_sub(for_cleanup)
            .map_or(start, |until| until.max(start));
        let drain_until = cut_until
            .checked_sub(CUT.min(grace / 100))
            .map_or(start, |until| until.max(start));
        Budget {
            start,
            grace,
            drain_until,
            cut_until,
            cleanup_until,
            flush_until,
            deadline,
        }
    }

    /// The same grace shared out anew, for other reserves.
    pub(crate) fn anew(self, cleanup: &DeclaredPath, flush: &DeclaredPath) -> Budget {
        Budget::new(self.start, self.grace, cleanup, flush)
    }

    /// The same, with a drain that has to end at once, within `FAST` and the old deadline (R14).
    pub(crate) fn fast(self, now: Instant, cleanup: &DeclaredPath, flush: &DeclaredPath) -> Budget {
        let window = FAST.min(self.deadline.saturating_duration_since(now));
        let budget = Budget::new(now, window, cleanup, flush);
        let cut_until = budget.cut_until.min(now + CUT.min(window / 100));
        Budget {
            drain_until: now,
            cut_until,
            ..budget
        }
    }
}

/// The part of grace that is kept for the report.
pub(crate) fn margin(grace: Duration) -> Duration {
    MARGIN.min(grace / 20)
}

/// How long each hook of one stage may take, so that what is behind it keeps its share (R10).
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    weight: Vec<f64>,
    tails: Tails,
}

impl Limits {
    /// Shares out the time from `now` to `until(last)` among the items that are not `done`, for both stages.
    pub(crate) fn new(
        plan: &Plan,
        now: Instant,
        until: impl Fn(bool) -> Instant,
        done: impl Fn(Node) -> bool,
    ) -> Limits {
        let open = |node: Node| !done(node);
        let declared = |node: Node| plan.items()[node].timeout.map(|timeout| timeout.as_secs_f64());
        let longest = |weight: &dyn Fn(Node) -> f64| {
            let tails = Tails::new(plan, weight);
            let mut longest = [0.0_f64; 2];
            for node in 0..plan.items().len() {
                let stage = &mut longest[usize::from(plan.items()[node].last)];
                *stage = stage.max(weight(node) + tails.behind(node));
            }
            longest
        };
        let [d, d_last] = longest(&|node| {
            if open(node) {
                declared(node).unwrap_or(0.0)
            } else {
                0.0
            }
        });
        let undeclared = |node: Node| open(node) && declared(node).is_none();
        let [n, n_last] = longest(&|node| f64::from(u8::from(undeclared(node))));
        let time = |last: bool| until(last).saturating_duration_since(now).as_secs_f64();
        let share = |time: f64, d: f64, n: f64| ((time - d) / n.max(1.0)).max(0.05 * time);
        let shares = [share(time(false), d, n), share(time(true), d_last, n_last)];
        let unscaled = |node: Node| {
            if !open(node) {
                return 0.0;
            }
            declared(node).unwrap_or(shares[usize::from(plan.items()[node].last)])
        };
        let [l, l_last] = longest(&unscaled);
        let scale = |time: f64, longest: f64| if longest > time { time / longest } else { 1.0 };
        let scales = [scale(time(false), l), scale(time(true), l_last)];
        let weight: Vec<f64> = (0..plan.items().len())
            .map(|node| unscaled(node) * scales[usize::from(plan.items()[node].last)])
            .collect();
        let tails = Tails::new(plan, |node| weight[node]);
        Limits { weight, tails }
    }

    /// When `node`, whose stage ends at `until`, has to make way for what is behind it.
    pub(crate) fn must_end(&self, node: Node, until: Instant) -> Instant {
        until
            .checked_sub(Duration::from_secs_f64(self.tails.behind(node)))
            .unwrap_or(until)
    }

    /// The share that `node` was given.
    pub(crate) fn share(&self, node: Node) -> Duration {
        Duration::from_secs_f64(self.weight[node])
    }
}

/// Whether the declared time-outs fit into `grace`; else the items on the path that does not, and what it needs (R12).
pub(crate) fn check(plan: &Plan, grace: Duration) -> Result<(), TooLong> {
    let (cleanup, flush) = (plan.declared_path(false), plan.declared_path(true));
    let needed = cleanup.length + flush.length;
    let available = grace - margin(grace);
    if needed <= available {
        return Ok(());
    }
    let describe = |node: &Node| {
        let item = &plan.items()[*node];
        let timeout = humantime::format_duration(item.timeout.unwrap_or_default());
        format!("`{}` {timeout}", item.name)
    };
    let path: Vec<String> = cleanup.items.iter().chain(&flush.items).map(describe).collect();
    Err(TooLong {
        needed,
        available,
        path: path.join(", then "),
    })
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
