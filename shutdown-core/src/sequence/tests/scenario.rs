//! A scenario, and the record of its run.

use std::time::Duration;

use crate::plan::tests::model::Sketch;
use crate::plan::{Class, Item, Need, Why};
use crate::report::{MainOutcome, Outcome, Reason, Report};
use crate::sequence::{Event, InstanceId};
use crate::stage::Stage;

/// Everything that will happen. The seed decides the order of things that happen at the same time.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) grace: Duration,
    pub(super) lame_duck: Duration,
    pub(super) job: bool,
    pub(super) ready: Option<Duration>,
    pub(super) classes: Vec<Class>,
    pub(super) instances: Vec<Instance>,
    pub(super) main: Main,
    /// The time from the drain to the end of each tracked work. `None` if it ends only when it is cut off.
    pub(super) work: Vec<Option<Duration>>,
    /// The time that work needs to be dropped after it was cut off. `None` if it is never dropped.
    pub(super) cut_takes: Option<Duration>,
    pub(super) doings: Vec<(At, Doing)>,
    /// The delay of the clock that wakes the sequence.
    pub(super) jitter: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) item: Item,
    pub(super) fate: Fate,
    pub(super) takes: Duration,
    /// The time from the start of the hook until it gets a thread. `None` if it never does.
    pub(super) begins: Option<Duration>,
    /// The hook of the instance at the notice, if it has one.
    pub(super) at_notice: Option<AtNotice>,
}

/// A hook at the notice (R31).
#[derive(Clone, Copy, Debug)]
pub(super) struct AtNotice {
    pub(super) fate: Fate,
    pub(super) takes: Duration,
    /// The time from the end of its time until it is dropped. `None` if it blocks its thread for ever.
    pub(super) drops: Option<Duration>,
}

/// The outcome of a teardown, if it is not cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    Fails,
    Panics,
    Hangs,
}

/// The end of `main`, and its outcome.
#[derive(Clone, Debug)]
pub(super) enum Main {
    At(Duration, MainOutcome),
    InDrain(Duration, MainOutcome),
    Never,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Time(Duration),
    /// After this number of events.
    Step(usize),
}

/// A call or a signal from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Signal(i32),
    Request,
    Fail,
    EssentialEnds,
    TaskPanics,
    Manage(usize),
    Release(usize),
    DependsOn(usize, usize),
    /// No thread of the runtime does anything until `Unblock`.
    Block,
    Unblock,
}

/// The record of one instance, in the counts of [`Run::count`].
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    pub(super) id: Option<InstanceId>,
    pub(super) managed: Option<(usize, Stage)>,
    pub(super) starts: usize,
    pub(super) started: Option<usize>,
    pub(super) began: Option<Duration>,
    pub(super) done: Option<(usize, Duration, Outcome)>,
    pub(super) abandoned: bool,
    pub(super) released: Option<Stage>,
    pub(super) released_at: Option<usize>,
    /// Whether it was refused, because the report was sealed.
    pub(super) refused: bool,
    pub(super) hook: Option<HookLife>,
}

/// The record of one hook at the notice.
#[derive(Clone, Debug)]
pub(super) struct HookLife {
    pub(super) began: Duration,
    /// The end, or the instant at which its time was up.
    pub(super) ended: Option<(Duration, Outcome)>,
    /// The count and the instant at which nothing of it ran any more.
    pub(super) gone: Option<(usize, Duration)>,
    pub(super) gave_up: Option<Duration>,
}

/// The record of one run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) lives: Vec<Life>,
    /// The edges that were declared in time.
    pub(super) needs: Vec<(usize, usize)>,
    /// Rises with each event and each action.
    pub(super) count: usize,
    /// The number of events.
    pub(super) steps: usize,
    /// Each stage, with the time and the count at which it was first seen.
    pub(super) stages: Vec<(Stage, Duration, usize)>,
    pub(super) fed: Vec<(Duration, Stage, Event)>,
    pub(super) begun: Vec<(Duration, Reason, Duration)>,
    pub(super) hurried: Vec<(Duration, Duration)>,
    pub(super) died: Vec<Duration>,
    pub(super) drains: usize,
    /// Whether `main` and how much other work was in flight when it was cut off.
    pub(super) cut: Option<(bool, usize)>,
    /// When that was, and how many answers of `drain_left` came before.
    pub(super) cut_at: Option<(Duration, usize)>,
    /// The time until the drain's end, as it was told after each step.
    pub(super) drain_left: Vec<(Duration, Stage, Duration)>,
    pub(super) exits: Vec<(Duration, Report)>,
}

impl Scenario {
    /// Returns the plan at the end: with the edges that were declared in time, and without the instances that `out` selects.
    pub(super) fn sketch(&self, run: &Run, out: impl Fn(usize) -> bool) -> Sketch {
        let items = self.instances.iter().enumerate().map(|(at, instance)| Item {
            needs: run
                .needs
                .iter()
                .filter(|(a, _)| *a == at)
                .map(|(_, b)| Need { of: *b, why: Why::Instance })
                .collect(),
            detached: out(at),
            ..instance.item.clone()
        });
        Sketch { items: items.collect(), classes: self.classes.clone() }
    }
}
