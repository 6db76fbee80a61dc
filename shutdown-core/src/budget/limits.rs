//! The limit of each teardown, so that those after it keep their share of the stage's time (R10).

use std::time::{Duration, Instant};

use crate::plan::{Node, Plan, Tails};
use crate::stage::PerStage;

/// The share of each teardown, and the time that the teardowns after it need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// For each item its share, in seconds.
    share: Vec<f64>,
    /// For each item the longest path of shares after it in its stage, in seconds.
    after: Vec<f64>,
}

impl Limits {
    /// Shares out the time from `now` to `until` among the items that are not `done`, in both stages.
    pub(crate) fn new(
        plan: &Plan,
        now: Instant,
        until: &PerStage<Instant>,
        done: impl Fn(Node) -> bool,
    ) -> Limits {
        Limits::by(plan, now, until, done, |timeout| timeout)
    }

    /// Shares out the time in equal parts. Where declared time-outs are scaled far down, [`Limits::new`] leaves nearly
    /// nothing to an item without one.
    pub(crate) fn even(
        plan: &Plan,
        now: Instant,
        until: &PerStage<Instant>,
        done: impl Fn(Node) -> bool,
    ) -> Limits {
        Limits::by(plan, now, until, done, |_| None)
    }

    /// Shares out the time by the formula of R10, with the time-outs that `seen` leaves.
    ///
    /// A declared time-out is a share. Every other item gets `max((time - declared_path) / undeclared, time / 20)`, with
    /// the largest number of undeclared items on a path. If the longest path of shares does not fit into the time, every
    /// share is multiplied by `time / path`.
    fn by(
        plan: &Plan,
        now: Instant,
        until: &PerStage<Instant>,
        done: impl Fn(Node) -> bool,
        seen: impl Fn(Option<Duration>) -> Option<Duration>,
    ) -> Limits {
        let items = plan.items().len();
        let stage = |node: Node| plan.items()[node].stage;
        let declared = |node: Node| seen(plan.items()[node].timeout).map(|timeout| timeout.as_secs_f64());
        let longest = |weight: &dyn Fn(Node) -> f64| {
            let tails = Tails::new(plan, weight);
            let mut longest = PerStage::<f64>::default();
            for node in 0..items {
                let length = weight(node) + tails.after(node, stage(node));
                longest[stage(node)] = longest[stage(node)].max(length);
            }
            (longest, tails)
        };
        let (declared_path, _) = longest(&|node| declared(node).filter(|_| !done(node)).unwrap_or(0.0));
        let is_undeclared = |node: Node| !done(node) && declared(node).is_none();
        let (undeclared, _) = longest(&|node| f64::from(u8::from(is_undeclared(node))));
        let time = PerStage::from_fn(|stage| until[stage].saturating_duration_since(now).as_secs_f64());
        let equal_share = PerStage::from_fn(|stage| {
            let time = time[stage];
            ((time - declared_path[stage]) / undeclared[stage].max(1.0)).max(time / 20.0)
        });
        let unscaled = |node: Node| match declared(node) {
            _ if done(node) => 0.0,
            Some(timeout) => timeout,
            None => equal_share[stage(node)],
        };
        let (path, tails) = longest(&unscaled);
        // Without any path this is `0 / 0` or infinite, of which `min` makes 1.
        let scale = PerStage::from_fn(|stage| (time[stage] / path[stage]).min(1.0));
        let share: Vec<f64> = (0..items).map(|node| unscaled(node) * scale[stage(node)]).collect();
        // A stage has one scale, so that the paths of its scaled shares are its scaled paths.
        let after = (0..items).map(|node| tails.after(node, stage(node)) * scale[stage(node)]);
        Limits { after: after.collect(), share }
    }

    /// Returns the instant at which `node` has to end, if its stage ends at `until`.
    pub(crate) fn must_end(&self, node: Node, until: Instant) -> Instant {
        until.checked_sub(Duration::from_secs_f64(self.after[node])).unwrap_or(until)
    }

    /// Returns the share of `node`.
    pub(crate) fn share(&self, node: Node) -> Duration {
        Duration::from_secs_f64(self.share[node])
    }
}
