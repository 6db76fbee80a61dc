//! The plan in execution: what may start, until when it may run, and what its end sets free.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::registry::{InstanceId, State};
use super::{Action, Sequence};
use crate::budget::{Budget, Limits};
use crate::plan::{Node, Plan};
use crate::report::Outcome;
use crate::stage::Stage;

#[derive(Debug, Default)]
pub(super) struct Teardown {
    plan: Plan,
    ids: Vec<InstanceId>,
    /// For each node how many of its predecessors have not ended.
    open: Vec<u32>,
    limits: Limits,
    /// When running hooks must have ended; stale rows are skipped when they come up.
    expiry: BinaryHeap<Reverse<(Instant, InstanceId)>>,
    /// How many instances have not ended: those that are not `last`, and those that are.
    unfinished: [usize; 2],
    /// Cleanup ran out of time: what is `last` no longer waits for it.
    forced: bool,
}

impl Teardown {
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.expiry.peek().map(|Reverse((at, _))| *at)
    }

    /// When what is, or is not, `last` has to have ended. What has not even begun when cleanup is over never had a
    /// thread: it may run until the end.
    fn until(budget: &Budget, stage: Stage, last: bool) -> Instant {
        if last || stage > Stage::Cleanup {
            budget.flush_until
        } else {
            budget.cleanup_until
        }
    }
}

impl<H: Clone> Sequence<H> {
    /// Builds the plan anew from what is managed now, and starts what may start.
    pub(super) fn replan(&mut self, now: Instant) {
        if self.stage < Stage::Cleanup {
            return;
        }
        let Some(stop) = &mut self.stop else { return };
        let (mut plan, ids) = self.registry.plan();
        stop.faults.extend(
            plan.break_cycles()
                .iter()
                .map(|cycle| format!("broken to go on: {cycle}")),
        );
        let flush = plan.declared_path(true);
        let forced = stop.teardown.as_ref().is_some_and(|teardown| teardown.forced);
        if self.stage == Stage::Cleanup {
            // What is `last` may have come or gone since the stop began.
            stop.budget.cleanup_until = stop.budget.anew(&plan.declared_path(false), &flush).cleanup_until;
        }
        let mut done = vec![false; ids.len()];
        let mut unfinished = [0, 0];
        for (node, entry) in self.registry.entries_mut().enumerate() {
            entry.node = node;
            done[node] = entry.is_done();
            unfinished[usize::from(entry.spec.last)] += usize::from(!done[node]);
        }
        let open = plan.predecessor_counts();
        let mut teardown = Teardown {
            open,
            plan,
            ids,
            unfinished,
            forced,
            ..Teardown::default()
        };
        let mut free: Vec<Node> = Vec::new();
        for at in 0..teardown.plan.topological().len() {
            let node = teardown.plan.topological()[at];
            let ended = match teardown.plan.is_item(node) {
                true => done[node],
                false => teardown.open[node] == 0 || forced && teardown.plan.is_last_barrier(node),
            };
            if ended {
                let Teardown { plan, open, .. } = &mut teardown;
                plan.successors(node)
                    .for_each(|next| open[next] = open[next].saturating_sub(1));
            } else if teardown.plan.is_item(node) && teardown.open[node] == 0 {
                free.push(node);
            }
        }
        stop.teardown = Some(teardown);
        self.share_out(now);
        self.start(free);
    }

    /// Shares out the time that is left, and sets the limits of what runs by it.
    fn share_out(&mut self, now: Instant) {
        let Some(stop) = &mut self.stop else { return };
        let Some(teardown) = &mut stop.teardown else {
            return;
        };
        let mut done = vec![true; teardown.ids.len()];
        for entry in self.registry.entries() {
            done[entry.node] = entry.is_done();
        }
        let until = |last| Teardown::until(&stop.budget, self.stage, last);
        teardown.limits = Limits::new(&teardown.plan, now, until, |node| done[node]);
        teardown.expiry.clear();
        for (id, entry) in teardown.ids.iter().zip(self.registry.entries_mut()) {
            if let State::Running { began, until } = &mut entry.state {
                let end = teardown.limits.must_end(
                    entry.node,
                    Teardown::until(&stop.budget, self.stage, entry.spec.last),
                );
                let end = entry
                    .spec
                    .timeout
                    .map_or(end, |timeout| end.min(*began + timeout));
                *until = Some(end);
                teardown.expiry.push(Reverse((end, *id)));
            }
        }
    }

    fn start(&mut self, mut free: Vec<Node>) {
        let Some(teardown) = self.stop.as_mut().and_then(|stop| stop.teardown.as_mut()) else {
            return;
        };
        teardown.plan.sort(&mut free);
        for node in free {
            let id = teardown.ids[node];
            if let Some(entry) = self.registry.get_mut(id).filter(|entry| entry.is_waiting()) {
                debug_assert_eq!(teardown.open[node], 0, "invariant 3");
                entry.state = State::Started;
                if let Some(hook) = entry.hook.clone() {
                    self.actions.push(Action::Start(id, hook));
                }
            }
        }
    }

    pub(super) fn began(&mut self, now: Instant, id: InstanceId) {
        let Some(entry) = self
            .registry
            .get_mut(id)
            .filter(|entry| matches!(entry.state, State::Started))
        else {
            return;
        };
        entry.state = State::Running {
            began: now,
            until: None,
        };
        let (node, last, declared) = (entry.node, entry.spec.last, entry.spec.timeout);
        let Some(stop) = &mut self.stop else { return };
        let Some(teardown) = &mut stop.teardown else {
            return;
        };
        let until = Teardown::until(&stop.budget, self.stage, last);
        let end = teardown.limits.must_end(node, until);
        // On a healthy runtime what precedes it has left it its share; on one that was blocked it may be gone, and
        // what is behind it has to give it back some.
        let share = teardown.limits.share(node);
        let missing = share.saturating_sub(end.saturating_duration_since(now));
        if end < until && missing > share / 10 {
            return self.share_out(now);
        }
        let end = declared.map_or(end, |timeout| end.min(now + timeout));
        teardown.expiry.push(Reverse((end, id)));
        entry.state = State::Running {
            began: now,
            until: Some(end),
        };
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
        let free = free(teardown, node);
        self.start(free);
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
        if teardown.unfinished == [0, 0] || now >= stop.budget.flush_until {
            self.seal(now);
            return true;
        }
        if self.stage == Stage::Flush {
            return false;
        }
        if teardown.unfinished[0] == 0 {
            self.enter(now, Stage::Flush);
            self.share_out(now);
            return true;
        }
        if now >= stop.budget.cleanup_until {
            teardown.forced = true;
            self.enter(now, Stage::Flush);
            self.replan(now);
            return true;
        }
        false
    }

    /// Ends what has reached its limit (invariant 4); whether there was anything.
    fn expire(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(teardown) = self.stop.as_mut().and_then(|stop| stop.teardown.as_mut()) {
            let Some(Reverse((at, id))) = teardown
                .expiry
                .peek()
                .copied()
                .filter(|Reverse((at, _))| *at <= now)
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
        let (plan, ids) = self.registry.plan();
        let Ok(node) = ids.binary_search(&id) else { return };
        let begun = |node: Node| {
            self.registry
                .get(ids[node])
                .is_some_and(|entry| !entry.is_waiting())
        };
        let after = plan.item_successors(node);
        let last = self.registry.get(id).is_some_and(|entry| entry.spec.last);
        let passed = after.iter().any(|(node, _)| begun(*node)) || self.stage == Stage::Flush && !last;
        if let Some(entry) = self.registry.get_mut(id) {
            entry.late = passed;
        }
        self.replan(now);
    }
}

/// The items that may start, now that `node` has ended.
fn free(teardown: &mut Teardown, node: Node) -> Vec<Node> {
    let Teardown {
        plan, open, forced, ..
    } = teardown;
    let mut free = Vec::new();
    let mut ended = vec![node];
    while let Some(node) = ended.pop() {
        for next in plan.successors(node) {
            open[next] -= 1;
            if open[next] == 0 {
                if plan.is_item(next) {
                    free.push(next);
                } else if !(*forced && plan.is_last_barrier(next)) {
                    ended.push(next);
                }
            }
        }
    }
    free
}
