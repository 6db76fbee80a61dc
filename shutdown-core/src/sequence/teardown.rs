//! The plan in execution: what may start, until when it may run, and what its end sets free.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::registry::{Entry, InstanceId, Planned, Registry, State};
use super::{Action, Sequence};
use crate::budget::{Budget, Limits};
use crate::plan::Node;
use crate::report::Outcome;
use crate::stage::Stage;

/// How late a hook may begin before the time is shared out anew, at least.
const LATE: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub(super) struct Teardown {
    planned: Arc<Planned>,
    /// For each node how many of its predecessors have not ended.
    open: Vec<u32>,
    limits: Limits,
    /// When running hooks must have ended; stale rows are skipped when they come up.
    expiry: BinaryHeap<Reverse<(Instant, InstanceId)>>,
    /// How many instances have not ended: those that are not `last`, and those that are.
    unfinished: [usize; 2],
    /// Cleanup ran out of time: what is `last` no longer waits for what is not (R10).
    forced: bool,
    /// All time is up: what could not begin before has its last chance (R6).
    last_chance: bool,
}

impl Teardown {
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.expiry.peek().map(|Reverse((at, _))| *at)
    }

    /// When what is, or is not, `last` has to have ended. What has not even begun when cleanup is over never had a
    /// thread: it may run until the end.
    fn until(budget: &Budget, stage: Stage, last: bool) -> Instant {
        if last || stage > Stage::Cleanup { budget.flush_until } else { budget.cleanup_until }
    }
}

impl<H: Clone> Sequence<H> {
    /// Builds the plan anew from what is managed now, and starts what may start.
    pub(super) fn replan(&mut self, now: Instant) {
        if self.stage < Stage::Cleanup {
            return;
        }
        let Some(stop) = &mut self.stop else { return };
        if stop.teardown.is_none() {
            self.registry.close_sayings();
        }
        let planned = self.registry.planned();
        stop.take_note(&planned, self.config.grace);
        if self.stage == Stage::Cleanup {
            // What is `last` may have come or gone since the stop began.
            stop.budget.cleanup_until = stop.budget.anew(&planned.cleanup, &planned.flush).cleanup_until;
        }
        let mut teardown = Teardown {
            open: planned.plan.predecessor_counts(),
            forced: stop.teardown.as_ref().is_some_and(|teardown| teardown.forced),
            last_chance: stop.teardown.as_ref().is_some_and(|teardown| teardown.last_chance),
            planned,
            ..Teardown::default()
        };
        let done = done(&self.registry);
        for (item, done) in teardown.planned.plan.items().iter().zip(&done) {
            teardown.unfinished[usize::from(item.last)] += usize::from(!done);
        }
        let Teardown { planned, open, .. } = &mut teardown;
        let mut free: Vec<Node> = Vec::new();
        for &node in planned.plan.topological() {
            let is_item = planned.plan.is_item(node);
            if if is_item { done[node] } else { open[node] == 0 } {
                planned.plan.successors(node).for_each(|next| open[next] -= 1);
            } else if is_item && open[node] == 0 {
                free.push(node);
            }
        }
        if teardown.forced {
            free.extend(teardown.free_by_force(&done));
        }
        stop.teardown = Some(teardown);
        self.share_out(now);
        self.start(now, free);
    }

    /// Shares out the time that is left, and sets the limits of what runs by it.
    fn share_out(&mut self, now: Instant) {
        let Some(stop) = &mut self.stop else { return };
        let Some(teardown) = &mut stop.teardown else {
            return;
        };
        let done = done(&self.registry);
        let until = |last| Teardown::until(&stop.budget, self.stage, last);
        let plan = &teardown.planned.plan;
        teardown.limits = match teardown.last_chance {
            true => Limits::even(plan, now, until, |node| done[node]),
            false => Limits::new(plan, now, until, |node| done[node]),
        };
        teardown.expiry.clear();
        for (node, entry) in self.registry.entries_mut().enumerate() {
            if let State::Running { began, until: limit } = &mut entry.state {
                let end = teardown.limits.must_end(node, until(entry.spec.last));
                let end = within(end, *began, entry.spec.timeout);
                *limit = Some(end);
                teardown.expiry.push(Reverse((end, teardown.planned.ids[node])));
            }
        }
    }

    fn start(&mut self, now: Instant, mut free: Vec<Node>) {
        let Some(teardown) = self.stop.as_mut().and_then(|stop| stop.teardown.as_mut()) else {
            return;
        };
        teardown.planned.plan.sort(&mut free);
        for node in free {
            let id = teardown.planned.ids[node];
            if let Some(entry) =
                self.registry.get_mut(id).filter(|entry| entry.is_waiting() && !entry.spec.unsaid)
            {
                debug_assert!(teardown.open[node] == 0 || teardown.forced, "invariant 3");
                entry.state = State::Started { since: now };
                if let Some(hook) = entry.hook.clone() {
                    self.actions.push(Action::Start(id, hook));
                }
            }
        }
    }

    pub(super) fn began(&mut self, now: Instant, id: InstanceId) {
        let Some(entry) =
            self.registry.get_mut(id).filter(|entry| matches!(entry.state, State::Started { .. }))
        else {
            return;
        };
        entry.state = State::Running { began: now, until: None };
        let (node, last, declared) = (entry.node, entry.spec.last, entry.spec.timeout);
        let Some(stop) = &mut self.stop else { return };
        let Some(teardown) = &mut stop.teardown else {
            return;
        };
        let until = Teardown::until(&stop.budget, self.stage, last);
        let end = teardown.limits.must_end(node, until);
        // On a healthy runtime what precedes it has left it its share. If it was blocked, all share what is left; if
        // it was slow, this one takes its share from the slack until that adds up.
        let share = now + teardown.limits.share(node);
        let slack = LATE.max(until.saturating_duration_since(now) / 100);
        if end < until && share.saturating_duration_since(end) > slack {
            return self.share_out(now);
        }
        let end = within(end.max(share).min(until), now, declared);
        teardown.expiry.push(Reverse((end, id)));
        entry.state = State::Running { began: now, until: Some(end) };
    }

    pub(super) fn ended(&mut self, now: Instant, id: InstanceId, outcome: Outcome) {
        if self.stage == Stage::Running {
            // It was released, and so leaves the plan.
            return self.registry.remove(id);
        }
        let Some(entry) = self.registry.get_mut(id).filter(|entry| !entry.is_done()) else {
            return;
        };
        entry.finish(now, outcome);
        entry.hook = None;
        let (node, last) = (entry.node, entry.spec.last);
        let Some(teardown) = self.stop.as_mut().and_then(|stop| stop.teardown.as_mut()) else {
            return;
        };
        teardown.unfinished[usize::from(last)] -= 1;
        let mut free = teardown.free(node);
        if teardown.forced {
            free.extend(teardown.free_by_force(&done(&self.registry)));
        }
        self.start(now, free);
    }

    /// Goes on with cleanup and flush as far as it can; whether anything changed.
    pub(super) fn tear_down(&mut self, now: Instant) -> bool {
        if self.expire(now) {
            return true;
        }
        let Some(stop) = &mut self.stop else { return false };
        let Some(teardown) = &mut stop.teardown else {
            return false;
        };
        let [before, last] = teardown.unfinished;
        let over = now >= stop.budget.flush_until;
        if before + last == 0 {
            self.seal(now);
        } else if self.stage == Stage::Cleanup && before == 0 {
            self.enter(now, Stage::Flush);
            self.share_out(now);
        } else if self.stage == Stage::Cleanup && now >= stop.budget.cleanup_until && (last > 0 || !over) {
            teardown.forced = true;
            self.enter(now, Stage::Flush);
            self.replan(now);
        } else if !over {
            return false;
        } else if !self.give_last_chance(now) {
            self.seal(now);
        }
        true
    }

    /// All time is up. What was set free so late that no thread could take it before has half of the margin (R6):
    /// it waited for one that took all of its time, and its own share was smaller than the clock is late, or nothing.
    fn give_last_chance(&mut self, now: Instant) -> bool {
        let Some(stop) = &mut self.stop else { return false };
        let Some(teardown) = stop.teardown.as_mut().filter(|teardown| !teardown.last_chance) else {
            return false;
        };
        // What has waited for a thread for longer than that gets none.
        let patience = stop.budget.last_chance();
        if !self.registry.entries().any(|entry| entry.is_about_to_begin(now, patience)) {
            return false;
        }
        let Some(budget) = stop.budget.into_margin(now) else { return false };
        stop.budget = budget;
        teardown.last_chance = true;
        self.replan(now);
        true
    }

    /// Ends what has reached its limit (invariant 4); whether there was anything.
    fn expire(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(teardown) = self.stop.as_mut().and_then(|stop| stop.teardown.as_mut()) {
            let Some(Reverse((at, id))) =
                teardown.expiry.peek().copied().filter(|Reverse((at, _))| *at <= now)
            else {
                break;
            };
            teardown.expiry.pop();
            let Some(entry) = self.registry.get_mut(id) else {
                continue;
            };
            if !matches!(entry.state, State::Running { until: Some(until), .. } if until == at) {
                continue;
            }
            if let Some(hook) = entry.hook.take() {
                self.actions.push(Action::Abandon(hook, Outcome::TimedOut));
            }
            self.ended(now, id, Outcome::TimedOut);
            any = true;
        }
        any
    }

    /// An instance was managed after cleanup began: it joins in its place, or runs at once if that has passed (R8).
    pub(super) fn join_late(&mut self, now: Instant, id: InstanceId) {
        let planned = self.registry.planned();
        let Some(entry) = self.registry.get(id) else {
            return;
        };
        let begun = |node: Node| {
            let other = self.registry.get(planned.ids[node]);
            other.is_some_and(|other| !other.is_waiting())
        };
        let after = planned.plan.item_successors(entry.node);
        if entry.spec.unsaid {
            return self.replan(now);
        }
        if after.iter().any(|(node, _)| begun(*node)) || self.stage == Stage::Flush && !entry.spec.last {
            self.registry.set_late(id);
        }
        self.replan(now);
    }
}

impl Teardown {
    /// The items that may start, now that `node` has ended.
    fn free(&mut self, node: Node) -> Vec<Node> {
        let Teardown { planned, open, .. } = self;
        let mut free = Vec::new();
        let mut ended = vec![node];
        while let Some(node) = ended.pop() {
            for next in planned.plan.successors(node) {
                open[next] -= 1;
                if open[next] == 0 {
                    let then = if planned.plan.is_item(next) { &mut free } else { &mut ended };
                    then.push(next);
                }
            }
        }
        free
    }

    /// The items that are `last` and wait for nothing that is.
    fn free_by_force(&self, done: &[bool]) -> Vec<Node> {
        let plan = &self.planned.plan;
        let mut waits = vec![false; plan.nodes()];
        let mut free = Vec::new();
        for &node in plan.topological() {
            let last = plan.is_item(node) && plan.items()[node].last;
            if last && !waits[node] {
                free.push(node);
            }
            if waits[node] || last && !done[node] {
                plan.successors(node).for_each(|next| waits[next] = true);
            }
        }
        free
    }
}

/// Which nodes have ended.
fn done<H: Clone>(registry: &Registry<H>) -> Vec<bool> {
    registry.entries().map(Entry::is_done).collect()
}

/// `end`, or where a declared time-out ends before.
fn within(end: Instant, began: Instant, timeout: Option<Duration>) -> Instant {
    let declared = timeout.and_then(|timeout| began.checked_add(timeout));
    declared.map_or(end, |declared| end.min(declared))
}
