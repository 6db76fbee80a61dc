//! What has become of a supervised task: for the report, the readiness and the metrics.

use std::borrow::Cow;
use std::sync::Mutex;
use std::time::Instant;

#[cfg(feature = "http")]
use crate::engine::work::Part;
use crate::engine::work::Work;
#[cfg(feature = "metrics")]
use crate::observe::metrics::{Counts, SupervisedState};
use crate::report::Straggler;
use crate::sync::lock;
use crate::sync::notice::Notice;

/// What has become of one task.
pub(super) struct Restarts {
    pub(super) name: Cow<'static, str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// How often the task has begun.
    begun: u64,
    /// The error of the last end. `None` before the first one.
    last_error: Option<String>,
    /// The number of ends that makes the service not ready.
    unready: Option<usize>,
}

/// Where a task is between two runs.
#[derive(Clone, Copy, Default)]
pub(super) enum Phase {
    #[default]
    Runs,
    Waits {
        #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "the probes of HTTP tell it"))]
        until: Instant,
    },
    /// The stop began while the task waited.
    WaitedAtTheStop,
    GivenUp {
        restarts: usize,
    },
    /// The task does not begin again: it was aborted, or it ended in the stop.
    Over,
}

impl State {
    fn restarts(&self) -> u64 {
        self.begun.saturating_sub(1)
    }
}

impl Restarts {
    pub(super) fn new(name: Cow<'static, str>) -> Restarts {
        Restarts { name, state: Mutex::default() }
    }

    /// Learns that the task does not begin again. Returns whether that was a surprise: it was aborted.
    pub(super) fn end(&self) -> bool {
        let mut state = lock(&self.state);
        let is_surprise = matches!(state.phase, Phase::Runs | Phase::Waits { .. });
        if is_surprise {
            state.phase = Phase::Over;
        }
        is_surprise
    }

    pub(super) fn begins(&self) {
        let mut state = lock(&self.state);
        state.begun += 1;
        state.phase = Phase::Runs;
    }

    pub(super) fn ended(&self, error: &str) {
        lock(&self.state).last_error = Some(error.to_owned());
    }

    pub(super) fn set(&self, phase: Phase) {
        lock(&self.state).phase = phase;
    }

    /// Makes the service not ready, or ready again. Returns whether it was not ready before.
    pub(super) fn set_unready(&self, ends: Option<usize>) -> bool {
        std::mem::replace(&mut lock(&self.state).unready, ends).is_some()
    }

    pub(super) fn is_unready(&self) -> bool {
        lock(&self.state).unready.is_some()
    }

    /// Returns why the service is not ready.
    pub(super) fn unready_because(&self, error: &str) -> String {
        match lock(&self.state).unready.unwrap_or_default() {
            1 => format!("ended once within 10 minutes: {error}"),
            ends => format!("ended {ends} times within 10 minutes, the last time: {error}"),
        }
    }
}

impl Work for Restarts {
    /// Names nothing: the task is in the register of tasks.
    fn in_flight(&self) -> (Vec<Straggler>, usize) {
        (Vec::new(), 0)
    }

    /// Counts nothing in flight, for the same reason.
    #[cfg(feature = "metrics")]
    fn count(&self, counts: &mut Counts) -> bool {
        let state = lock(&self.state);
        let now = match state.phase {
            Phase::Runs => SupervisedState::Running,
            Phase::Waits { .. } | Phase::WaitedAtTheStop => SupervisedState::Waiting,
            Phase::GivenUp { .. } => SupervisedState::GivenUp,
            Phase::Over => SupervisedState::Over,
        };
        let counted = counts.supervised.entry(self.name.clone()).or_default();
        counted.restarts += state.restarts();
        counted.add(now);
        false
    }

    #[cfg(feature = "http")]
    fn part(&self, now: Instant) -> Option<Part> {
        let state = lock(&self.state);
        let (phase, error) = (state.phase, state.last_error.clone());
        let (is_unready, restarts) = (state.unready.is_some(), state.restarts());
        drop(state);
        let error = error.unwrap_or_default();
        let remark = match phase {
            Phase::Waits { until } => {
                let seconds = until.saturating_duration_since(now).as_secs_f64().ceil();
                Some(format!("begins again in {seconds} s: {error}"))
            }
            Phase::Runs if restarts > 0 => Some(format!("{}, the last time: {error}", times(restarts))),
            Phase::Runs => None,
            Phase::WaitedAtTheStop | Phase::GivenUp { .. } | Phase::Over => return None,
        };
        let answer = if is_unready { Err(self.unready_because(&error)) } else { Ok(()) };
        Some(Part { name: self.name.clone(), answer, remark })
    }

    fn notes(&self) -> Vec<String> {
        let (name, state) = (&self.name, lock(&self.state));
        let Some(error) = &state.last_error else { return Vec::new() };
        let what = match (state.phase, state.restarts()) {
            (Phase::GivenUp { restarts }, _) => format!("was {}: {error}", given_up(restarts)),
            (Phase::WaitedAtTheStop, 0) => format!("waited for its second run when the stop began: {error}"),
            (Phase::WaitedAtTheStop, restarts) => {
                format!("was {}, and waited for its next run when the stop began: {error}", times(restarts))
            }
            (_, 0) => return Vec::new(),
            (_, 1) => format!("was restarted once: {error}"),
            (_, restarts) => format!("was {}, the last time: {error}", times(restarts)),
        };
        let unready = if state.unready.is_some() { " (the service was not ready)" } else { "" };
        vec![format!("supervised task `{name}` {what}{unready}")]
    }

    fn last_word(&self) -> Option<Notice> {
        None
    }

    fn is_forgotten(&self) -> bool {
        let state = lock(&self.state);
        matches!(state.phase, Phase::Over) && state.restarts() == 0
    }
}

fn times(restarts: u64) -> String {
    if restarts == 1 { "restarted once".to_owned() } else { format!("restarted {restarts} times") }
}

pub(super) fn given_up(restarts: usize) -> String {
    let times = if restarts == 1 { "1 restart".to_owned() } else { format!("{restarts} restarts") };
    format!("given up after {times} within 10 minutes")
}
