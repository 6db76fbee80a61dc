//! A stop: what all of its phases have in common, and its way to the teardown.

use std::time::{Duration, Instant};

use super::Config;
use super::at_notice::AtNotice;
use super::event::{Action, World};
use super::phase::Phase;
use super::registry::{Planned, Registry};
use crate::budget::{self, Budget};
use crate::report::{FactKind, MainOutcome, Outcome, Reason, Report, StageReport, Straggler};
use crate::stage::Stage;

/// The interval between two log lines about what the stop is waiting for.
const WAITING_LINE_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest drain in which a task that does nothing is worth a word.
const LONG_DRAIN: Duration = Duration::from_millis(500);

/// A stop that has begun.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub(super) reason: Reason,
    pub(super) t0: Instant,
    grace: Duration,
    pub(super) budget: Budget,
    /// Every stage so far, in order.
    entered: Vec<Entered>,
    /// How `main` ended, once it has.
    pub(super) main: Option<MainOutcome>,
    /// The work that was cut off at the end of the drain.
    stragglers: Vec<Straggler>,
    pub(super) panicked_tasks: usize,
    /// The number of tracked tasks that panicked before the stop.
    pub(super) panicked_before: usize,
    /// The errors that were given to `fail` after the stop had begun.
    pub(super) failures: Vec<String>,
    /// The rules of the current plan that cannot be kept, a sentence each.
    broken_rules: Vec<String>,
    /// The tasks that failed during the stop, a sentence each.
    pub(super) task_failures: Vec<String>,
    /// How the time-outs of the current plan are scaled to fit, in a sentence.
    scaled: Option<String>,
    /// The time of the next log line about what the stop is waiting for.
    pub(super) next_waiting_line: Instant,
}

/// A stage, and the instant at which it was entered.
#[derive(Clone, Copy, Debug)]
struct Entered {
    stage: Stage,
    at: Instant,
}

impl Stop {
    pub(super) fn new(now: Instant, reason: Reason, config: &Config, planned: &Planned) -> Stop {
        let grace = config.grace;
        let mut stop = Stop {
            reason,
            t0: now,
            grace,
            budget: Budget::lowered(now, grace, config.fits_into, &planned.paths),
            entered: Vec::new(),
            main: None,
            stragglers: Vec::new(),
            panicked_tasks: 0,
            panicked_before: 0,
            failures: Vec::new(),
            broken_rules: Vec::new(),
            task_failures: Vec::new(),
            scaled: None,
            next_waiting_line: now + WAITING_LINE_INTERVAL,
        };
        stop.note_faults_of(planned);
        stop
    }

    /// Enters the lame duck, for at most `length`.
    pub(super) fn lame_duck<H>(
        mut self: Box<Self>,
        now: Instant,
        length: Duration,
        actions: &mut Vec<Action<H>>,
    ) -> Phase {
        self.enter(now, Stage::LameDuck, actions);
        Phase::LameDuck { until: self.budget.drain_until.min(now + length), stop: self }
    }

    /// Enters the lame duck, in which the hooks at the notice run first.
    pub(super) fn notice<H>(
        mut self: Box<Self>,
        now: Instant,
        until: Instant,
        lame_duck: Duration,
        actions: &mut Vec<Action<H>>,
    ) -> Phase {
        self.enter(now, Stage::LameDuck, actions);
        Phase::Notice { until: self.budget.drain_until.min(until), lame_duck, stop: self }
    }

    /// Enters the drain.
    pub(super) fn drain<H>(mut self: Box<Self>, now: Instant, actions: &mut Vec<Action<H>>) -> Phase {
        self.enter(now, Stage::Drain, actions);
        actions.push(Action::Drain);
        Phase::Drain(self)
    }

    /// Cuts off the work in flight, because the time of the drain is up.
    pub(super) fn cut_off<H>(
        mut self: Box<Self>,
        now: Instant,
        world: &impl World,
        actions: &mut Vec<Action<H>>,
    ) -> Phase {
        self.stragglers = self.in_flight(now, world);
        actions.push(Action::Tell(FactKind::CutOff { stragglers: self.stragglers.clone() }));
        actions.extend([Action::CutMain, Action::CutWork]);
        Phase::CutOff(self)
    }

    pub(super) fn enter<H>(&mut self, now: Instant, stage: Stage, actions: &mut Vec<Action<H>>) {
        debug_assert!(self.entered.last().is_none_or(|last| last.stage < stage), "invariant 1");
        self.entered.push(Entered { stage, at: now });
        actions.push(Action::Tell(FactKind::Entered { stage }));
    }

    /// Lists the work in flight, including `main`.
    pub(super) fn in_flight(&self, now: Instant, world: &impl World) -> Vec<Straggler> {
        let in_drain = |entered: &&Entered| entered.stage == Stage::Drain;
        let drain =
            self.entered.iter().find(in_drain).map(|entered| now.saturating_duration_since(entered.at));

        let mut in_flight: Vec<Straggler> =
            self.main.is_none().then_some(Straggler::Main).into_iter().collect();
        in_flight.extend(world.in_flight(drain.is_some_and(|length| length >= LONG_DRAIN)));
        in_flight
    }

    /// Shares out the time again, for the reserves of this plan.
    pub(super) fn share_out_again(&mut self, planned: &Planned) {
        self.budget = self.budget.split_again(&planned.paths);
        self.note_faults_of(planned);
    }

    /// Notes the rules of this plan that cannot be kept, and whether its time-outs are scaled.
    pub(super) fn note_faults_of(&mut self, planned: &Planned) {
        self.broken_rules = planned.broken.iter().map(|cycle| format!("broken to go on: {cycle}")).collect();
        if let Err(fault) = budget::fits(&planned.plan, &planned.paths, self.grace)
            && !matches!(self.reason, Reason::InvalidPlan { .. })
        {
            self.scaled = Some(format!("scaled to fit: {fault}"));
        }
    }

    pub(super) fn essential_failed(&mut self, name: &str, error: &str) {
        self.task_failures.push(format!("essential task `{name}` failed: {error}"));
    }

    /// Whether a log line about what the stop is waiting for is due. If so, schedules the next one.
    pub(super) fn is_waiting_line_due(&mut self, now: Instant) -> bool {
        let due = now >= self.next_waiting_line;
        if due {
            self.next_waiting_line = now + WAITING_LINE_INTERVAL;
        }
        due
    }

    /// Returns the report as it is before the flush, without edges. What has not begun may still run in the flush.
    pub(super) fn so_far<H: Clone>(
        &self,
        now: Instant,
        registry: &Registry<H>,
        at_notice: &AtNotice,
    ) -> Report {
        let mut so_far = self.clone().seal(now, registry, at_notice);
        for instance in &mut so_far.instances {
            // A teardown that has not begun is not a fault yet. Its hook at the notice may have failed.
            if instance.outcome == Outcome::NotRun {
                instance.outcome = Outcome::Ok;
            }
        }
        so_far.edges.clear();
        so_far
    }

    /// Writes the report. Every instance has an outcome.
    pub(super) fn seal<H: Clone>(
        mut self,
        now: Instant,
        registry: &Registry<H>,
        at_notice: &AtNotice,
    ) -> Report {
        self.entered.push(Entered { stage: Stage::Exited, at: now });
        let since = |at: Instant| at.saturating_duration_since(self.t0);
        let stages = self.entered.windows(2).map(|pair| StageReport {
            stage: pair[0].stage,
            start: since(pair[0].at),
            took: pair[1].at.saturating_duration_since(pair[0].at),
        });
        let (instances, edges) = registry.report(self.t0, at_notice);
        Report {
            grace: self.grace,
            took: since(now),
            stages: stages.collect(),
            instances,
            edges,
            reason: self.reason,
            stragglers: self.stragglers,
            main: self.main,
            panicked_tasks: self.panicked_tasks,
            failures: self.failures,
            faults: self.broken_rules.into_iter().chain(self.task_failures).collect(),
            notes: self.scaled.into_iter().chain(panics(self.panicked_before)).collect(),
        }
    }
}

/// Tells of the tasks that panicked before the stop, if there are any.
fn panics(before: usize) -> Option<String> {
    match before {
        0 => None,
        1 => Some("1 tracked task panicked before the stop".to_owned()),
        count => Some(format!("{count} tracked tasks panicked before the stop")),
    }
}
