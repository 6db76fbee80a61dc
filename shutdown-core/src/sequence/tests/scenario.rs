//! A scenario, and the record of its run.

use std::time::Duration;

use crate::plan::tests::model::Sketch;
use crate::plan::{Class, Item, Need, Why};
use crate::report::{MainOutcome, Outcome, Reason, Report};
use crate::sequence::{Event, InstanceId};
use crate::stage::Stage;

/// Everything that is going to happen, but for the order of what happens at the same time: that is up to the seed.
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
    /// How long into the drain each piece of tracked work lasts; `None` until it is cut off.
    pub(super) work: Vec<Option<Duration>>,
    /// How long it takes to drop what is cut off; `None` if it never gives way.
    pub(super) cut_takes: Option<Duration>,
    pub(super) doings: Vec<(At, Doing)>,
    /// How late the clock wakes the sequence.
    pub(super) jitter: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) item: Item,
    pub(super) fate: Fate,
    pub(super) takes: Duration,
    /// How long after its start it gets a thread; `None` for never.
    pub(super) begins: Option<Duration>,
}

/// How a teardown goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    Fails,
    Panics,
    Hangs,
}

/// When `main` ends, and how.
#[derive(Clone, Debug)]
pub(super) enum Main {
    At(Duration, MainOutcome),
    InDrain(Duration, MainOutcome),
    Never,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Time(Duration),
    /// After so many events.
    Step(usize),
}

/// What somebody does to the lifecycle.
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

/// What became of one instance, in the counts of [`Run::count`].
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
    /// It was given back, since the report was sealed.
    pub(super) refused: bool,
}

/// What happened.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) lives: Vec<Life>,
    /// The edges that were declared in time.
    pub(super) needs: Vec<(usize, usize)>,
    /// Rises with each event and each action.
    pub(super) count: usize,
    /// Events only.
    pub(super) steps: usize,
    /// When each stage was first seen, and at which count.
    pub(super) stages: Vec<(Stage, Duration, usize)>,
    pub(super) fed: Vec<(Duration, Stage, Event)>,
    pub(super) begun: Vec<(Duration, Reason, Duration)>,
    pub(super) hurried: Vec<(Duration, Duration)>,
    pub(super) died: Vec<Duration>,
    pub(super) drains: usize,
    /// When tasks were cut off, whether `main` was out, and how much work.
    pub(super) cut: Option<(bool, usize)>,
    pub(super) exits: Vec<(Duration, Report)>,
}

impl Scenario {
    /// The plan as it was in the end: with the edges that were declared in time, without what had left it.
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
