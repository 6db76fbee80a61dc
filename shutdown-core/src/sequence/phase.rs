//! The phase of a lifecycle: each variant holds what exists in it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::registry::Registry;
use super::stop::Stop;
use super::teardown::Teardown;
use crate::stage::Stage;

/// The phase of a lifecycle. A stage is what the outside sees of it: the drain has two phases.
#[derive(Debug)]
pub(super) enum Phase {
    /// No stop has begun.
    Running {
        /// Whether start-up is over.
        ready: bool,
        /// The number of tracked tasks that have panicked.
        panicked_tasks: usize,
    },
    /// The hooks at the notice run until `until` at the latest. The time of the lame duck counts from their end (R31).
    Notice { stop: Box<Stop>, until: Instant, lame_duck: Duration },
    /// The stop is announced, and everything still works.
    LameDuck { stop: Box<Stop>, until: Instant },
    /// The work in flight is finished.
    Drain(Box<Stop>),
    /// The work in flight has been cut off, and has a moment to be dropped.
    CutOff(Box<Stop>),
    /// No work is in flight. Hooks at the notice may still run.
    Drained(Box<Stop>),
    /// Cleanup or flush.
    Teardown(Box<Teardown>),
    /// The report is sealed.
    Exited { deadline: Instant },
}

impl Phase {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Phase::Running { .. } => Stage::Running,
            Phase::Notice { .. } | Phase::LameDuck { .. } => Stage::LameDuck,
            Phase::Drain(_) | Phase::CutOff(_) | Phase::Drained(_) => Stage::Drain,
            Phase::Teardown(teardown) => teardown.stage(),
            Phase::Exited { .. } => Stage::Exited,
        }
    }

    /// Returns the stop, if one has begun and is not over.
    pub(super) fn stop_mut(&mut self) -> Option<&mut Stop> {
        match self {
            Phase::Running { .. } | Phase::Exited { .. } => None,
            Phase::Notice { stop, .. }
            | Phase::LameDuck { stop, .. }
            | Phase::Drain(stop)
            | Phase::CutOff(stop)
            | Phase::Drained(stop) => Some(stop),
            Phase::Teardown(teardown) => Some(&mut teardown.stop),
        }
    }

    /// The same, to look at.
    pub(super) fn stop(&self) -> Option<&Stop> {
        match self {
            Phase::Running { .. } | Phase::Exited { .. } => None,
            Phase::Notice { stop, .. }
            | Phase::LameDuck { stop, .. }
            | Phase::Drain(stop)
            | Phase::CutOff(stop)
            | Phase::Drained(stop) => Some(stop),
            Phase::Teardown(teardown) => Some(&teardown.stop),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Phase::Exited { deadline } => Some(*deadline),
            phase => phase.stop().map(|stop| stop.budget.deadline),
        }
    }

    /// Makes `now` the end of the lame duck. Hooks at the notice run on, during the drain.
    pub(super) fn end_lame_duck(&mut self, now: Instant) {
        self.change(|phase| match phase {
            Phase::Notice { stop, .. } | Phase::LameDuck { stop, .. } => Phase::LameDuck { stop, until: now },
            other => other,
        });
    }

    /// Ends the lame duck at `now`, and not before the end of the hooks at the notice.
    pub(super) fn shorten_lame_duck(&mut self, now: Instant) {
        match self {
            Phase::Notice { lame_duck, .. } => *lame_duck = Duration::ZERO,
            Phase::LameDuck { until, .. } => *until = now,
            _ => {}
        }
    }

    /// Shares out the time again, if the plan has changed before the teardown.
    pub(super) fn share_out_again<H: Clone>(&mut self, registry: &mut Registry<H>) {
        match self {
            Phase::Notice { stop, until, .. } | Phase::LameDuck { stop, until } if registry.is_stale() => {
                stop.share_out_again(&registry.planned());
                *until = stop.budget.drain_until.min(*until);
            }
            Phase::Drain(stop) if registry.is_stale() => stop.share_out_again(&registry.planned()),
            Phase::CutOff(stop) | Phase::Drained(stop) if registry.is_stale() => {
                // Work that has been cut off does not get more time to be dropped.
                let cut_until = stop.budget.cut_until;
                stop.share_out_again(&registry.planned());
                stop.budget.cut_until = stop.budget.cut_until.min(cut_until);
            }
            _ => {}
        }
    }

    /// Replaces the phase by the one that `next` makes of it.
    pub(super) fn change(&mut self, next: impl FnOnce(Phase) -> Phase) {
        *self = next(std::mem::replace(self, Phase::Running { ready: false, panicked_tasks: 0 }));
    }

    /// The same for a transition that may not be due. Returns `Break` if `next` did not make one.
    pub(super) fn change_or_stay(
        &mut self,
        next: impl FnOnce(Phase) -> ControlFlow<Phase, Phase>,
    ) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        self.change(|phase| match next(phase) {
            ControlFlow::Continue(phase) => phase,
            ControlFlow::Break(phase) => {
                flow = ControlFlow::Break(());
                phase
            }
        });
        flow
    }
}
