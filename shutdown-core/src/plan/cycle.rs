//! Cycles: how they are found, described as a path with reasons, and broken if the stop has already begun.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::{Edge, Node, Plan, Why};
use crate::stage::TeardownStage;

/// A dependency cycle: resources that wait for each other (R5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cycle {
    /// Each step precedes the next one, and the last precedes the first.
    pub(super) steps: Vec<Step>,
}

/// A resource on a cycle, and the reason why it precedes the next one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) name: Cow<'static, str>,
    pub(super) why: Why,
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { name, why } in &self.steps {
            write!(f, "`{name}` before ({why}) ")?;
        }
        match self.steps.first() {
            Some(first) => write!(f, "`{}`", first.name),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Field(field) => write!(f, "field `{field}`"),
            Why::Start => f.write_str("argument of `start`"),
            Why::DependsOn => f.write_str("`depends_on`"),
            Why::Instance => f.write_str("an instance's own dependency"),
            Why::Order(order) => write!(f, "`order = {order}` is smaller"),
            Why::Last => f.write_str("`last` comes after the others"),
        }
    }
}

impl Plan {
    /// Returns a cycle, if there is one. For the same plan this is always the same cycle.
    pub(crate) fn cycle(&self) -> Option<Cycle> {
        Some(self.describe(self.disjoint_cycles().first()?))
    }

    /// Removes the weakest edge of every cycle, so that a stop that has begun can continue.
    ///
    /// Returns the broken cycles. Cycles with the same description, through several instances, are returned once. The
    /// flush stays after the cleanup, because the stages depend on it.
    pub(crate) fn break_cycles(&mut self) -> Vec<Cycle> {
        let mut broken = Vec::new();
        let mut described = HashSet::new();
        loop {
            let cycles = self.disjoint_cycles();
            if cycles.is_empty() {
                return broken;
            }
            let mut weakest = HashSet::new();
            for edges in &cycles {
                let cycle = self.describe(edges);
                if described.insert(cycle.clone()) {
                    broken.push(cycle);
                }
                let edge = edges
                    .iter()
                    .filter(|edge| edge.why.is_some())
                    .max_by_key(|edge| (edge.why != Some(Why::Last), edge.why));
                weakest.insert(self.kind(edge.expect("a cycle leads through an item")));
            }
            let mut edges = std::mem::take(&mut self.edges);
            edges.retain(|edge| edge.why.is_none() || !weakest.contains(&self.kind(edge)));
            self.edges = edges;
            self.finish(self.nodes());
        }
    }

    /// Returns the kind of an edge. All edges of one kind are given up together.
    ///
    /// An edge between two instances is a kind of its own. An edge to a virtual node has the same kind for every
    /// instance of the type, because those edges are on the same cycle and would be given up next.
    fn kind(&self, edge: &Edge) -> EdgeKind {
        let item = &self.items()[edge.from];
        let from = if self.is_item(edge.to) { edge.from } else { item.class };
        EdgeKind { from, to: edge.to, why: edge.why, stage: item.stage }
    }

    fn describe(&self, edges: &[Edge]) -> Cycle {
        let mut steps: Vec<Step> = Vec::new();
        for edge in edges.iter().filter(|edge| self.is_item(edge.from)) {
            let why = edge.why.expect("an edge that leaves an item has a reason");
            steps.push(Step { name: self.items()[edge.from].name.clone(), why });
        }
        let first = (0..steps.len()).min_by(|a, b| steps[*a].name.cmp(&steps[*b].name));
        steps.rotate_left(first.unwrap_or_default());
        Cycle { steps }
    }

    /// Returns cycles that share no node, and at least one if the plan has any. Each is a list of edges in which every
    /// edge leads to the next.
    fn disjoint_cycles(&self) -> Vec<Vec<Edge>> {
        let mut cycles = Vec::new();
        if self.topological.len() == self.nodes() {
            return cycles;
        }
        let mut sorted = vec![false; self.nodes()];
        for node in &self.topological {
            sorted[*node] = true;
        }
        // Every unsorted node has an unsorted predecessor. A walk backwards therefore ends in a cycle.
        let mut back: Vec<Option<Edge>> = vec![None; self.nodes()];
        for edge in self.edges.iter().rev() {
            if !sorted[edge.from] && !sorted[edge.to] {
                back[edge.to] = Some(*edge);
            }
        }
        let step_back = |node: Node| back[node].expect("an unsorted node has an unsorted predecessor");
        let mut walk: Vec<Option<Node>> = vec![None; self.nodes()];
        for start in (0..self.nodes()).filter(|node| !sorted[*node]) {
            let mut node = start;
            while walk[node].is_none() {
                walk[node] = Some(start);
                node = step_back(node).from;
            }
            if walk[node] != Some(start) {
                continue;
            }
            let mut cycle = vec![step_back(node)];
            while cycle[cycle.len() - 1].from != node {
                cycle.push(step_back(cycle[cycle.len() - 1].from));
            }
            cycle.reverse();
            cycles.push(cycle);
        }
        cycles
    }
}

/// The kind of an edge: see [`Plan::kind`].
#[derive(PartialEq, Eq, Hash)]
struct EdgeKind {
    /// An item, or the class of one.
    from: usize,
    to: Node,
    why: Option<Why>,
    stage: TeardownStage,
}
