//! Cleanup and flush: when each teardown starts, until when it may run, and when the stage is over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::at_notice::AtNotice;
use super::entry::{Entry, InstanceId, State};
use super::event::Action;
use super::phase::Phase;
use super::progress::Progress;
use super::registry::Registry;
use super::stop::Stop;
use crate::budget::Limits;
use crate::plan::Node;
use crate::report::{FactKind, Outcome};
use crate::stage::{PerStage, Stage, TeardownStage};

/// A teardown that begins later than this, and later than a hundredth of the remaining time, changes the shares of the
/// others.
const LATE: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Teardown {
    pub(super) stop: Box<Stop>,
    stage: TeardownStage,
    progress: Progress,
    limits: Limits,
    /// The limits of running teardowns. A row whose limit has changed since is skipped.
    expiries: BinaryHeap<Reverse<Expiry>>,
    /// Whether all time is up, so that the teardowns that could not begin before have their last chance (R6).
    last_chance: bool,
    /// The exit status that was told before the flush.
    told_status: Option<u8>,
}

/// The limit of one teardown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Expiry {
    at: Instant,
    id: InstanceId,
}

impl Teardown {
    /// Enters the cleanup.
    pub(super) fn begin<H: Clone>(
        mut stop: Box<Stop>,
        now: Instant,
        registry: &mut Registry<H>,
        actions: &mut Vec<Action<H>>,
    ) -> Phase {
        stop.enter(now, Stage::Cleanup, actions);
        let mut teardown = Box::new(Teardown {
            stop,
            stage: TeardownStage::Cleanup,
            progress: Progress::default(),
            limits: Limits::default(),
            expiries: BinaryHeap::new(),
            last_chance: false,
            told_status: None,
        });
        teardown.replan(now, registry, actions);
        Phase::Teardown(teardown)
    }

    pub(super) fn stage(&self) -> Stage {
        match self.stage {
            TeardownStage::Cleanup => Stage::Cleanup,
            TeardownStage::Flush => Stage::Flush,
        }
    }

    pub(super) fn wake_at(&self) -> Instant {
        let end = self.stop.budget.until[self.stage];
        self.expiries.peek().map_or(end, |Reverse(expiry)| expiry.at.min(end))
    }

    /// Returns the end of the time in which the teardowns of each stage may run. An instance of the cleanup that has not
    /// begun when the cleanup is over never had a thread. It may run until the end of the flush.
    fn until(&self) -> PerStage<Instant> {
        let until = self.stop.budget.until;
        match self.stage {
            TeardownStage::Cleanup => until,
            TeardownStage::Flush => PerStage { cleanup: until.flush, ..until },
        }
    }

    /// Makes the plan again from what is managed now, and starts what may start.
    pub(super) fn replan<H: Clone>(
        &mut self,
        now: Instant,
        registry: &mut Registry<H>,
        actions: &mut Vec<Action<H>>,
    ) {
        let planned = registry.planned();
        self.stop.note_faults_of(&planned);
        if self.stage == TeardownStage::Cleanup {
            // Instances of the flush may have been managed or released since the stop began.
            let budget = &mut self.stop.budget;
            budget.until.cleanup = budget.split_again(&planned.paths).until.cleanup;
        }
        let (progress, free) = Progress::new(planned, &registry.done(), self.progress.is_forced());
        self.progress = progress;
        self.share_out(now, registry);
        self.start(now, &free, registry, actions);
    }

    /// Shares out the remaining time, and sets the limits of running teardowns by it.
    fn share_out<H: Clone>(&mut self, now: Instant, registry: &mut Registry<H>) {
        let (done, until) = (registry.done(), self.until());
        let limits = if self.last_chance { Limits::even } else { Limits::new };
        self.limits = limits(self.progress.plan(), now, &until, &|node| done[node]);
        self.expiries.clear();
        for (node, entry) in registry.entries_mut().enumerate() {
            if let State::Running { began, limit } = &mut entry.state {
                let end = self.limits.must_end(node, until[entry.spec.stage]);
                let end = within_timeout(end, *began, entry.spec.timeout);
                *limit = Some(end);
                self.expiries.push(Reverse(Expiry { at: end, id: self.progress.id(node) }));
            }
        }
    }

    fn start<H: Clone>(
        &mut self,
        now: Instant,
        free: &[Node],
        registry: &mut Registry<H>,
        actions: &mut Vec<Action<H>>,
    ) {
        actions.reserve(free.len());
        for node in free {
            let id = self.progress.id(*node);
            let Some(entry) = registry.get_mut(id).filter(|entry| entry.is_waiting()) else { continue };
            entry.state = State::Started { since: now };
            if let Some(hook) = entry.hook.clone() {
                actions.push(Action::Start(id, hook, entry.spec.stage));
            }
        }
    }

    /// A thread has begun to run this teardown.
    pub(super) fn began<H: Clone>(&mut self, now: Instant, id: InstanceId, registry: &mut Registry<H>) {
        let Some(entry) = registry.get_mut(id).filter(|entry| entry.is_started()) else { return };
        entry.state = State::Running { began: now, limit: None };
        let until = self.until()[entry.spec.stage];
        let mut end = self.limits.must_end(entry.node, until);
        if end < until {
            // On a healthy runtime the teardowns before this one have left it its share. If it begins late, it takes the
            // missing time from those after it, as long as that is little. Else all share the remaining time.
            let share = now + self.limits.share(entry.node);
            let slack = LATE.max(until.saturating_duration_since(now) / 100);
            if share.saturating_duration_since(end) > slack {
                return self.share_out(now, registry);
            }
            end = end.max(share).min(until);
        }
        let end = within_timeout(end, now, entry.spec.timeout);
        entry.state = State::Running { began: now, limit: Some(end) };
        self.expiries.push(Reverse(Expiry { at: end, id }));
    }

    /// This teardown has ended.
    pub(super) fn ended<H: Clone>(
        &mut self,
        now: Instant,
        id: InstanceId,
        outcome: Outcome,
        registry: &mut Registry<H>,
        actions: &mut Vec<Action<H>>,
    ) {
        let Some(node) = registry.finish(now, id, outcome).map(|entry| entry.node) else { return };
        let free = self.progress.ended(node, || registry.done());
        self.start(now, &free, registry, actions);
    }

    /// An instance was managed during the teardown. It joins in its place, or at once if its place has passed (R8).
    pub(super) fn join<H: Clone>(
        &mut self,
        now: Instant,
        id: InstanceId,
        registry: &mut Registry<H>,
        actions: &mut Vec<Action<H>>,
    ) {
        let planned = registry.planned();
        let has_started =
            |node: Node| registry.get(planned.ids[node]).is_some_and(|other| !other.is_waiting());
        let has_passed = |entry: &Entry<H>| {
            let after = planned.plan.item_successors(entry.node);
            entry.spec.stage < self.stage || after.iter().any(|(node, _)| has_started(*node))
        };
        if registry.get(id).is_some_and(has_passed) {
            registry.set_late(id);
        }
        self.replan(now, registry, actions);
    }

    /// Goes on with cleanup and flush as far as it can.
    pub(super) fn advance<H: Clone>(
        mut self: Box<Self>,
        now: Instant,
        registry: &mut Registry<H>,
        at_notice: &AtNotice,
        actions: &mut Vec<Action<H>>,
    ) -> ControlFlow<Phase, Phase> {
        self.expire(now, registry, actions);
        let until = self.stop.budget.until;
        let unfinished = self.progress.unfinished();
        let is_over = now >= until.flush;
        if unfinished.cleanup + unfinished.flush == 0 {
            return ControlFlow::Continue(self.seal(now, registry, at_notice, actions));
        }
        if self.stage == TeardownStage::Cleanup {
            if unfinished.cleanup == 0 {
                self.enter_flush(now, registry, at_notice, actions);
                self.share_out(now, registry);
                return ControlFlow::Continue(Phase::Teardown(self));
            }
            // If all time is up, the flush is entered only for an instance that belongs to it.
            if now >= until.cleanup && (unfinished.flush > 0 || !is_over) {
                self.progress.force();
                self.enter_flush(now, registry, at_notice, actions);
                self.replan(now, registry, actions);
                return ControlFlow::Continue(Phase::Teardown(self));
            }
        }
        if !is_over {
            ControlFlow::Break(Phase::Teardown(self))
        } else if self.give_last_chance(now, registry, actions) {
            ControlFlow::Continue(Phase::Teardown(self))
        } else {
            ControlFlow::Continue(self.seal(now, registry, at_notice, actions))
        }
    }

    fn enter_flush<H: Clone>(
        &mut self,
        now: Instant,
        registry: &Registry<H>,
        at_notice: &AtNotice,
        actions: &mut Vec<Action<H>>,
    ) {
        self.stage = TeardownStage::Flush;
        // Before the flush, so that a log that is flushed has it.
        let so_far = self.stop.so_far(now, registry, at_notice);
        let status = so_far.exit_status();
        self.told_status = Some(status);
        let stopped = Action::Tell(FactKind::Stopped { took: so_far.took, status });
        // The end of the cleanup may have started teardowns of the flush in this step.
        let started = actions.iter().position(|action| matches!(action, Action::Start(..)));
        actions.insert(started.unwrap_or(actions.len()), stopped);
        self.stop.enter(now, Stage::Flush, actions);
    }

    /// All time is up. The teardowns that became free too late for a thread to take them get half of the margin (R6).
    /// They waited for a teardown that took all of its time, and their own shares were shorter than the clock is late.
    fn give_last_chance<H: Clone>(
        &mut self,
        now: Instant,
        registry: &mut Registry<H>,
        actions: &mut Vec<Action<H>>,
    ) -> bool {
        // A teardown that has waited for a thread for longer than the last chance does not get one.
        let patience = self.stop.budget.last_chance();
        if self.last_chance || !registry.entries().any(|entry| entry.is_about_to_begin(now, patience)) {
            return false;
        }
        let Some(budget) = self.stop.budget.into_margin(now) else { return false };
        self.stop.budget = budget;
        self.last_chance = true;
        self.replan(now, registry, actions);
        true
    }

    /// Ends the teardowns that have reached their limits (invariant 4).
    fn expire<H: Clone>(&mut self, now: Instant, registry: &mut Registry<H>, actions: &mut Vec<Action<H>>) {
        while let Some(Reverse(Expiry { at, id })) = self.expiries.peek().copied()
            && at <= now
        {
            self.expiries.pop();
            let Some(entry) = registry.get_mut(id).filter(|entry| entry.limit() == Some(at)) else {
                continue;
            };
            if let Some(hook) = entry.hook.take() {
                actions.push(Action::Abandon(hook, Outcome::TimedOut));
            }
            self.ended(now, id, Outcome::TimedOut, registry, actions);
        }
    }

    /// The stop is over: abandons what has not ended, and writes the report.
    fn seal<H: Clone>(
        self,
        now: Instant,
        registry: &mut Registry<H>,
        at_notice: &AtNotice,
        actions: &mut Vec<Action<H>>,
    ) -> Phase {
        let abandoned = registry.entries_mut().filter_map(|entry| entry.abandon(now));
        actions.extend(abandoned.map(|(hook, outcome)| Action::Abandon(hook, outcome)));
        let deadline = self.stop.budget.deadline;
        let report = self.stop.seal(now, registry, at_notice);
        let is_told = self.told_status == Some(report.exit_status());
        actions.push(Action::Exit { report: Box::new(report), is_told });
        Phase::Exited { deadline }
    }
}

/// Returns `end`, or the end of the declared time-out if that is earlier.
fn within_timeout(end: Instant, began: Instant, timeout: Option<Duration>) -> Instant {
    let declared = timeout.and_then(|timeout| began.checked_add(timeout));
    declared.map_or(end, |declared| end.min(declared))
}
