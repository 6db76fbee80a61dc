//! Longest paths: how much time what is behind an item needs.

use std::time::Duration;

use super::{Node, Plan};

/// For each node the longest path behind it, in weights, not crossing the step to the last ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tails(Vec<f64>);

impl Tails {
    /// `weight` is called for items only; a virtual node weighs nothing.
    pub(crate) fn new(plan: &Plan, weight: impl Fn(Node) -> f64) -> Tails {
        let weigh = |node: Node| if plan.is_item(node) { weight(node) } else { 0.0 };
        let mut tails = vec![0.0_f64; plan.nodes()];
        for &node in plan
            .topological()
            .iter()
            .rev()
            .filter(|node| !plan.is_last_barrier(**node))
        {
            for next in plan.successors(node) {
                tails[node] = tails[node].max(weigh(next) + tails[next]);
            }
        }
        Tails(tails)
    }

    /// The longest weighted path behind `node`, without `node` itself.
    pub(crate) fn behind(&self, node: Node) -> f64 {
        self.0[node]
    }
}

impl Plan {
    /// The longest path of declared time-outs through the items that are `last`, or those that are not.
    pub(crate) fn declared_path(&self, last: bool) -> DeclaredPath {
        let seconds = |node: Node| {
            self.items()[node]
                .timeout
                .map_or(0.0, |timeout| timeout.as_secs_f64())
        };
        let tails = Tails::new(self, seconds);
        let total = |node: Node| seconds(node) + tails.behind(node);
        let members = (0..self.items().len()).filter(|node| self.items()[*node].last == last);
        let Some(start) = members
            .clone()
            .max_by(|a, b| total(*a).total_cmp(&total(*b)).then(b.cmp(a)))
        else {
            return DeclaredPath::default();
        };
        let mut path = DeclaredPath {
            any: true,
            ..DeclaredPath::default()
        };
        let mut next = Some(start);
        while let Some(node) = next {
            if self.is_item(node)
                && let Some(timeout) = self.items()[node].timeout
            {
                path.length += timeout;
                path.items.push(node);
            }
            let behind = |node: &Node| {
                let own = if self.is_item(*node) { seconds(*node) } else { 0.0 };
                own + tails.behind(*node)
            };
            next = self
                .successors(node)
                .filter(|node| !self.is_last_barrier(*node))
                .max_by(|a, b| behind(a).total_cmp(&behind(b)).then(b.cmp(a)))
                .filter(|node| behind(node) > 0.0);
        }
        path
    }
}

/// The longest path of declared time-outs in one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredPath {
    /// Whether the stage has anything to tear down at all.
    pub(crate) any: bool,
    pub(crate) length: Duration,
    /// The items with a time-out on the path, first torn down first.
    pub(crate) items: Vec<Node>,
}
