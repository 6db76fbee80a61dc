//! Cycles: found, told as a path with reasons, and broken where the stop has already begun.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::{Edge, Node, Plan, Why};

/// Resources that wait for each other in a circle (R5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cycle {
    /// Each name with the reason why it precedes the next; the last precedes the first.
    steps: Vec<(Cow<'static, str>, Why)>,
}

#[cfg(test)]
impl Cycle {
    /// Each name with the reason why it precedes the next; the last precedes the first.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&str, Why)> {
        self.steps.iter().map(|(name, why)| (&**name, *why))
    }
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
        Some(self.tell(self.circles().first()?))
    }

    /// Takes the weakest edge out of every cycle, so that a stop that has begun can go on; returns what it broke, once
    /// where several instances make the same story. What is `last` stays last, since the stages are built on it.
    pub(crate) fn break_cycles(&mut self) -> Vec<Cycle> {
        let mut broken = Vec::new();
        let mut told = HashSet::new();
        loop {
            let circles = self.circles();
            if circles.is_empty() {
                return broken;
            }
            let mut weakest = HashSet::new();
            for circle in &circles {
                let cycle = self.tell(circle);
                if told.insert(cycle.clone()) {
                    broken.push(cycle);
                }
                let edge = circle
                    .iter()
                    .filter(|edge| edge.why.is_some())
                    .max_by_key(|edge| (edge.why != Some(Why::Last), edge.why));
                weakest.insert(self.kin(edge.expect("a cycle leads through an item")));
            }
            let mut edges = std::mem::take(&mut self.edges);
            edges.retain(|edge| edge.why.is_none() || !weakest.contains(&self.kin(edge)));
            self.edges = edges;
            self.finish(self.nodes());
        }
    }

    /// What is given up together with an edge: the same step of every instance of the type, which is on the same cycle
    /// and would be given up next; for an edge between two instances the edge alone.
    fn kin(&self, edge: &Edge) -> (Node, Node, Option<Why>, bool) {
        let item = &self.items()[edge.from];
        let from = if self.is_item(edge.to) { edge.from } else { item.class };
        (from, edge.to, edge.why, item.last)
    }

    fn tell(&self, circle: &[Edge]) -> Cycle {
        let mut steps: Vec<(Cow<'static, str>, Why)> = Vec::new();
        for edge in circle.iter().filter(|edge| self.is_item(edge.from)) {
            let why = edge.why.expect("an edge that leaves an item has a reason");
            steps.push((self.items()[edge.from].name.clone(), why));
        }
        let first = (0..steps.len()).min_by(|a, b| steps[*a].0.cmp(&steps[*b].0));
        steps.rotate_left(first.unwrap_or_default());
        Cycle { steps }
    }

    /// Cycles that share no node, at least one if there is any: the edges of each, one leading to the next.
    fn circles(&self) -> Vec<Vec<Edge>> {
        let mut circles = Vec::new();
        if self.topological.len() == self.nodes() {
            return circles;
        }
        let mut sorted = vec![false; self.nodes()];
        for node in &self.topological {
            sorted[*node] = true;
        }
        // Every node that could not be sorted has a predecessor that could not: going back ends in a circle.
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
            let mut circle = vec![step_back(node)];
            while circle[circle.len() - 1].from != node {
                circle.push(step_back(circle[circle.len() - 1].from));
            }
            circle.reverse();
            circles.push(circle);
        }
        circles
    }
}
