//! Longest paths: the time that the items after an item need.

use std::time::Duration;

use super::{Node, Plan};
use crate::stage::{PerStage, TeardownStage};

/// For each node the longest path after it, in weights, for each stage.
///
/// An item of the cleanup precedes every item of the flush, and often depends on one by a field (a telemetry handle). A
/// path can therefore lead from one stage into the next. Each stage counts only its own items.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tails {
    after: Vec<PerStage<f64>>,
}

impl Tails {
    /// Calls `weight` for items only. A virtual node weighs nothing.
    pub(crate) fn new(plan: &Plan, weight: impl Fn(Node) -> f64) -> Tails {
        let mut tails = Tails { after: vec![PerStage::default(); plan.nodes()] };
        for &node in plan.topological().iter().rev() {
            let mut after = PerStage::<f64>::default();
            for next in plan.successors(node) {
                for stage in TeardownStage::ALL {
                    after[stage] = after[stage].max(tails.including(plan, next, stage, &weight));
                }
            }
            tails.after[node] = after;
        }
        tails
    }

    /// Returns the longest path in `stage` after `node`, without `node` itself.
    pub(crate) fn after(&self, node: Node, stage: TeardownStage) -> f64 {
        self.after[node][stage]
    }

    /// Returns the longest path in `stage` that starts with `node`.
    fn including(&self, plan: &Plan, node: Node, stage: TeardownStage, weight: impl Fn(Node) -> f64) -> f64 {
        let counts = plan.is_item(node) && plan.items()[node].stage == stage;
        self.after(node, stage) + if counts { weight(node) } else { 0.0 }
    }
}

impl Plan {
    /// Returns the longest path of declared time-outs through the items of each stage.
    pub(crate) fn declared_paths(&self) -> PerStage<DeclaredPath> {
        if self.items().iter().all(|item| item.timeout.is_none()) {
            let any = |stage| self.items().iter().any(|item| item.stage == stage);
            return PerStage::from_fn(|stage| DeclaredPath { any: any(stage), ..DeclaredPath::default() });
        }
        let seconds = |node: Node| self.items()[node].timeout.map_or(0.0, |timeout| timeout.as_secs_f64());
        let tails = Tails::new(self, seconds);
        PerStage::from_fn(|stage| {
            let length = |node: Node| tails.including(self, node, stage, seconds);
            let longest = |a: &Node, b: &Node| length(*a).total_cmp(&length(*b)).then(b.cmp(a));
            let members = (0..self.items().len()).filter(|node| self.items()[*node].stage == stage);
            let mut next = members.max_by(longest);
            let mut path = DeclaredPath { any: next.is_some(), ..DeclaredPath::default() };
            while let Some(node) = next {
                if self.is_item(node)
                    && self.items()[node].stage == stage
                    && let Some(timeout) = self.items()[node].timeout
                {
                    path.length = path.length.saturating_add(timeout);
                    path.items.push(node);
                }
                next = self.successors(node).max_by(longest);
            }
            path
        })
    }
}

/// The longest path of declared time-outs in one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredPath {
    /// Whether the stage has anything to tear down.
    pub(crate) any: bool,
    /// The sum of the time-outs on the path.
    pub(crate) length: Duration,
    /// The items with a time-out on the path. The item that is torn down first comes first.
    pub(crate) items: Vec<Node>,
}
