//! Cycles: found, told as a path with reasons, and broken where the stop has already begun.

use std::borrow::Cow;
use std::fmt;

use super::{Edge, Node, Plan, Why};

/// Resources that wait for each other in a circle (R5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    /// Each name with the reason why it precedes the next; the last precedes the first.
    steps: Vec<(Cow<'static, str>, Why)>,
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in &self.steps {
            write!(f, "`{name}` before ({why}) ")?;
        }
        match self.steps.first() {
            Some((name, _)) => write!(f, "`{name}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Field(field) => write!(f, "field `{field}`"),
            Why::DependsOn => f.write_str("`depends_on`"),
            Why::Instance => f.write_str("an instance's own dependency"),
            Why::Order(order) => write!(f, "`order = {order}` is smaller"),
            Why::Last => f.write_str("`last` comes after the others"),
        }
    }
}

impl Plan {
    /// A cycle, if there is one: always the same one for the same plan.
    pub(crate) fn cycle(&self) -> Option<Cycle> {
        let edges = self.cycle_edges()?;
        let mut steps: Vec<(Cow<'static, str>, Why)> = Vec::new();
        for edge in edges.iter().filter(|edge| self.is_item(edge.from)) {
            let why = edge.why.expect("an edge that leaves an item has a reason");
            steps.push((self.items()[edge.from].name.clone(), why));
        }
        let first = (0..steps.len()).min_by(|a, b| steps[*a].0.cmp(&steps[*b].0))?;
        steps.rotate_left(first);
        Some(Cycle { steps })
    }

    /// Takes the weakest edge out of every cycle, so that a stop that has begun can go on; returns what it broke.
    pub(crate) fn break_cycles(&mut self) -> Vec<Cycle> {
        let mut broken = Vec::new();
        while let Some(cycle) = self.cycle() {
            let edges = self.cycle_edges().expect("the cycle that was just found");
            let weakest = edges
                .iter()
                .filter(|edge| edge.why.is_some())
                .max_by_key(|edge| edge.why);
            let weakest = *weakest.expect("a cycle leads through an item");
            self.edges
                .retain(|edge| (edge.from, edge.to) != (weakest.from, weakest.to));
            self.finish(self.nodes());
            broken.push(cycle);
        }
        broken
    }

    /// The edges of one cycle, each leading to the next.
    fn cycle_edges(&self) -> Option<Vec<Edge>> {
        if self.topological.len() == self.nodes() {
            return None;
        }
        let mut sorted = vec![false; self.nodes()];
        for node in &self.topological {
            sorted[*node] = true;
        }
        // Every node that could not be sorted has a predecessor that could not: going back ends in a circle.
        let mut back: Vec<Option<Edge>> = vec![None; self.nodes()];
        for edge in self
            .edges
            .iter()
            .rev()
            .filter(|edge| !sorted[edge.from] && !sorted[edge.to])
        {
            back[edge.to] = Some(*edge);
        }
        let step_back = |node: Node| back[node].expect("an unsorted node has an unsorted predecessor");
        let mut node = (0..self.nodes()).find(|node| !sorted[*node])?;
        for _ in 0..self.nodes() {
            node = step_back(node).from;
        }
        let mut edges = vec![step_back(node)];
        while edges[edges.len() - 1].from != node {
            edges.push(step_back(edges[edges.len() - 1].from));
        }
        edges.reverse();
        Some(edges)
    }
}
