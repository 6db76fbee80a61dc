//! The progress of the plan: which teardowns are free to start. Time plays no part in it.

use std::sync::Arc;

use super::entry::InstanceId;
use super::registry::Planned;
use crate::plan::{Front, Node, Plan};
use crate::stage::PerStage;

#[derive(Debug, Default)]
pub(super) struct Progress {
    planned: Arc<Planned>,
    front: Front,
    /// The number of instances that have not ended.
    unfinished: PerStage<usize>,
    /// Whether the flush does not wait for the cleanup, because the cleanup's time is up (R10).
    forced: bool,
}

impl Progress {
    /// Makes the progress of a plan in which some nodes are `done`. Returns it with the items that may start.
    pub(super) fn new(planned: Arc<Planned>, done: &[bool], forced: bool) -> (Progress, Vec<Node>) {
        let plan = &planned.plan;
        let (front, mut free) = Front::new(plan, done);
        let mut unfinished = PerStage::<usize>::default();
        for (item, done) in plan.items().iter().zip(done) {
            unfinished[item.stage] += usize::from(!done);
        }
        if forced {
            free.extend(free_in_flush(plan, done));
            plan.sort(&mut free);
        }
        (Progress { planned, front, unfinished, forced }, free)
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.planned.plan
    }

    /// Returns the instance of an item.
    pub(super) fn id(&self, node: Node) -> InstanceId {
        self.planned.ids[node]
    }

    pub(super) fn unfinished(&self) -> PerStage<usize> {
        self.unfinished
    }

    /// From now on the flush does not wait for the cleanup.
    pub(super) fn force(&mut self) {
        self.forced = true;
    }

    pub(super) fn is_forced(&self) -> bool {
        self.forced
    }

    /// Records the end of an item. Returns the items that may start now, in the order of R4.
    pub(super) fn ended(&mut self, item: Node, done: impl FnOnce() -> Vec<bool>) -> Vec<Node> {
        let plan = &self.planned.plan;
        self.unfinished[plan.items()[item].stage] -= 1;
        let mut free = self.front.ended(plan, item);
        if self.forced {
            free.extend(free_in_flush(plan, &done()));
            plan.sort(&mut free);
        }
        free
    }
}

/// Returns the items of the flush that wait for no other item of the flush.
fn free_in_flush(plan: &Plan, done: &[bool]) -> Vec<Node> {
    let mut waits = vec![false; plan.nodes()];
    let mut free = Vec::new();
    for &node in plan.topological() {
        let in_flush = plan.is_item(node) && plan.items()[node].stage.is_last();
        if in_flush && !waits[node] {
            free.push(node);
        }
        if waits[node] || in_flush && !done[node] {
            plan.successors(node).for_each(|next| waits[next] = true);
        }
    }
    free
}
