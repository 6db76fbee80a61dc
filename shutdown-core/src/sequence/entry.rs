//! One managed instance: what was declared of it, and how far its teardown has come.

use std::borrow::Cow;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::report::{AtNoticeReport, InstanceReport, Outcome};
use crate::stage::TeardownStage;

/// The number of a managed instance. It is unique in the process, and rises in the order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct InstanceId(pub(crate) u64);

impl InstanceId {
    /// The number of every value that no lifecycle manages. No plan has an instance with it.
    pub(crate) const DETACHED: InstanceId = InstanceId(u64::MAX);
}

/// The properties of an instance when it is managed.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) name: Cow<'static, str>,
    /// An index from `Registry::class`, or `NO_CLASS`.
    pub(crate) class: usize,
    pub(crate) order: Option<i32>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stage: TeardownStage,
    pub(crate) location: &'static Location<'static>,
    /// Whether the instance has a hook that runs at the notice (R31).
    pub(crate) at_notice: bool,
    /// The instances that this one precedes, in addition to the needs of its class.
    pub(crate) needs: Vec<InstanceId>,
}

/// The progress of one teardown.
#[derive(Clone, Debug)]
pub(super) enum State {
    Waiting,
    /// The runtime has the teardown, but no thread has begun to run it.
    Started {
        since: Instant,
    },
    /// A thread runs the teardown.
    Running {
        began: Instant,
        /// The instant at which it has to end. There is none before the teardown stages.
        limit: Option<Instant>,
    },
    Done {
        began: Option<Instant>,
        ended: Instant,
        outcome: Outcome,
    },
}

#[derive(Debug)]
pub(super) struct Entry<H> {
    pub(super) spec: Spec,
    pub(super) hook: Option<H>,
    pub(super) state: State,
    /// Whether the place of the instance in the plan had passed when it was managed.
    pub(super) late: bool,
    /// The node of the instance in the current plan.
    pub(super) node: usize,
}

impl<H> Entry<H> {
    pub(super) fn new(spec: Spec, hook: H) -> Entry<H> {
        Entry { spec, hook: Some(hook), state: State::Waiting, late: false, node: 0 }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }

    pub(super) fn is_started(&self) -> bool {
        matches!(self.state, State::Started { .. })
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done { .. })
    }

    /// Whether the runtime has the teardown, and that for a shorter time than `patience`.
    pub(super) fn is_about_to_begin(&self, now: Instant, patience: Duration) -> bool {
        matches!(self.state, State::Started { since } if now < since + patience)
    }

    pub(super) fn began(&self) -> Option<Instant> {
        match self.state {
            State::Running { began, .. } => Some(began),
            State::Done { began, .. } => began,
            State::Waiting | State::Started { .. } => None,
        }
    }

    pub(super) fn limit(&self) -> Option<Instant> {
        match self.state {
            State::Running { limit, .. } => limit,
            _ => None,
        }
    }

    pub(super) fn finish(&mut self, now: Instant, outcome: Outcome) {
        self.state = State::Done { began: self.began(), ended: now, outcome };
    }

    /// Ends the teardown because the stop is over. Returns the hook and the outcome, unless it had ended before.
    pub(super) fn abandon(&mut self, now: Instant) -> Option<(H, Outcome)> {
        let outcome = match self.state {
            State::Done { .. } => return None,
            State::Running { .. } => Outcome::TimedOut,
            State::Waiting | State::Started { .. } => Outcome::NotRun,
        };
        self.finish(now, outcome.clone());
        Some((self.hook.take()?, outcome))
    }

    /// Returns the row of this instance in the report of a stop that began at `t0`.
    pub(super) fn row(&self, t0: Instant, at_notice: Option<AtNoticeReport>) -> InstanceReport {
        let (took, outcome) = match &self.state {
            State::Done { began, ended, outcome } => {
                let took = began.map(|began| ended.saturating_duration_since(began));
                (took.unwrap_or_default(), outcome.clone())
            }
            _ => (Duration::ZERO, Outcome::NotRun),
        };
        InstanceReport {
            name: self.spec.name.clone(),
            location: self.spec.location,
            last: self.spec.stage.is_last(),
            late: self.late,
            start: self.began().map(|began| began.saturating_duration_since(t0)),
            took,
            outcome,
            at_notice,
        }
    }
}
