//! Longest paths: how much time what is behind an item needs.

use std::time::Duration;

use super::{Node, Plan};

/// For each node the longest path behind it, in weights: of the items that are not `last`, and of those that are.
///
/// What is not `last` precedes what is, and often says so itself (a field of a telemetry handle), so that paths lead
/// from one stage into the next; each stage counts only its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tails(Vec<[f64; 2]>);

impl Tails {
    /// `weight` is called for items only; a virtual node weighs nothing.
    pub(crate) fn new(plan: &Plan, weight: impl Fn(Node) -> f64) -> Tails {
        let mut tails = Tails(vec![[0.0; 2]; plan.nodes()]);
        for &node in plan.topological().iter().rev() {
            let mut behind = [0.0_f64; 2];
            for next in plan.successors(node) {
                for (last, longest) in [false, true].into_iter().zip(&mut behind) {
                    *longest = longest.max(tails.including(plan, next, last, &weight));
                }
            }
            tails.0[node] = behind;
        }
        tails
    }

    /// The longest path behind `node`, without `node` itself, in the stage of what is, or is not, `last`.
    pub(crate) fn behind(&self, node: Node, last: bool) -> f64 {
        self.0[node][usize::from(last)]
    }

    /// The same with `node` itself.
    fn including(&self, plan: &Plan, node: Node, last: bool, weight: impl Fn(Node) -> f64) -> f64 {
        let counts = plan.is_item(node) && plan.items()[node].last == last;
        self.behind(node, last) + if counts { weight(node) } else { 0.0 }
    }
}

impl Plan {
    /// The longest path of declared time-outs through the items that are `last`, or those that are not.
    pub(crate) fn declared_path(&self, last: bool) -> DeclaredPath {
        let seconds = |node: Node| self.items()[node].timeout.map_or(0.0, |timeout| timeout.as_secs_f64());
        let tails = Tails::new(self, seconds);
        let length = |node: Node| tails.including(self, node, last, seconds);
        let longest = |a: &Node, b: &Node| length(*a).total_cmp(&length(*b)).then(b.cmp(a));
        let members = (0..self.items().len()).filter(|node| self.items()[*node].last == last);
        let mut next = members.max_by(longest);
        let mut path = DeclaredPath { any: next.is_some(), ..DeclaredPath::default() };
        while let Some(node) = next {
            if self.is_item(node)
                && self.items()[node].last == last
                && let Some(timeout) = self.items()[node].timeout
            {
                path.length = path.length.saturating_add(timeout);
                path.items.push(node);
            }
            next = self.successors(node).max_by(longest).filter(|node| length(*node) > 0.0);
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
