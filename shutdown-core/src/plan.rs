//! What is torn down before what: a DAG, as pure data.
//!
//! Two things become a plan: the *declared* resources, one item a type, checked and printed before `main` runs; and
//! the *managed* instances, checked at `ready()` and executed by the sequence. Both come in as [`Item`]s of
//! [`Class`]es and both obey the same rules:
//!
//! - an item precedes every item of each class that its own class needs (R1);
//! - an item precedes the items it names itself, such as the instance behind a `Managed<Self>` (R1);
//! - an item with `order = m` precedes every item with a greater order (R2);
//! - an item that is not `last` precedes every item that is.
//!
//! Rules between groups go through *virtual* nodes, one for each needed class, each step between two orders and the
//! step to the last ones, so that the graph stays linear in what was declared.

mod cycle;
mod path;
mod render;
#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;
use std::time::Duration;

pub(crate) use cycle::Cycle;
pub(crate) use path::{DeclaredPath, Tails};
pub(crate) use render::{Format, render};

use crate::sort::{sort, sorted};

/// One thing to tear down: a managed instance, or in the declared plan a type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) name: Cow<'static, str>,
    /// Index of its [`Class`].
    pub(crate) class: usize,
    pub(crate) order: Option<i32>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) last: bool,
    /// Items that this one precedes, by index, beyond what its class says.
    pub(crate) needs: Vec<(usize, Why)>,
    /// Out of every rule: its place in the plan has passed.
    pub(crate) detached: bool,
}

/// What the items of one type have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Class {
    /// The classes whose items each item of this one precedes. A need of itself orders instances only, and is skipped.
    pub(crate) needs: Vec<(usize, Why)>,
}

/// Why one item precedes another. The later variants are given up first where a cycle has to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Why {
    /// It holds the other in this field.
    Field(&'static str),
    /// It says `depends_on(..)`.
    DependsOn,
    /// The other is marked `last`.
    Last,
    /// Its `order` is the smaller one.
    Order(i32),
    /// `Managed::depends_on` or `Deferred::uses` said so at run time, or the instance holds the other of its own type.
    Instance,
}

/// A node of the graph: an item below [`Plan::items`], a virtual node from there on.
pub(crate) type Node = usize;

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: Node,
    to: Node,
    why: Option<Why>,
}

/// The graph, in compressed rows: the successors of `v` are `edges[rows[v]..rows[v + 1]]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    items: Vec<Item>,
    edges: Vec<Edge>,
    rows: Vec<usize>,
    /// Every node after all that precede it; shorter than the graph if there is a cycle.
    topological: Vec<Node>,
}

impl Plan {
    pub(crate) fn new(items: Vec<Item>, classes: &[Class]) -> Plan {
        let mut plan = Plan { items, ..Plan::default() };
        let nodes = plan.connect(classes);
        plan.finish(nodes);
        plan
    }

    /// The graph's items, each a node of the same index.
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Items and virtual nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.rows.len().saturating_sub(1)
    }

    /// The nodes that `node` precedes directly.
    pub(crate) fn successors(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        self.out(node).iter().map(|edge| edge.to)
    }

    /// The items that `item` precedes with nothing but a virtual node between, each with its strongest reason: of the
    /// greater orders only the next.
    pub(crate) fn item_successors(&self, item: Node) -> Vec<(Node, Why)> {
        let mut found: Vec<(Node, Why)> = Vec::new();
        for edge in self.out(item) {
            let why = edge.why.expect("an edge that leaves an item has a reason");
            if self.is_item(edge.to) {
                found.push((edge.to, why));
            } else {
                let next = self.successors(edge.to).filter(|next| self.is_item(*next));
                found.extend(next.map(|next| (next, why)));
            }
        }
        let key = |at: usize| {
            let (next, why) = found[at];
            (self.place(next), why)
        };
        let mut in_order = sorted(found.len(), &|a, b| key(a).cmp(&key(b)));
        in_order.dedup_by_key(|at| found[*at].0);
        in_order.into_iter().map(|at| found[at]).collect()
    }

    pub(crate) fn is_item(&self, node: Node) -> bool {
        node < self.items.len()
    }

    /// Every node after all that precede it.
    pub(crate) fn topological(&self) -> &[Node] {
        &self.topological
    }

    /// Sorts items as logs, reports and printed plans do (R4).
    pub(crate) fn sort(&self, items: &mut [Node]) {
        sort(items, &|a, b| self.place(a).cmp(&self.place(b)));
    }

    /// Order, then name, then registration, which is the order of the items themselves.
    fn place(&self, item: Node) -> (Place<'_>, Node) {
        (place(self.items[item].order, &self.items[item].name), item)
    }

    fn out(&self, node: Node) -> &[Edge] {
        &self.edges[self.rows[node]..self.rows[node + 1]]
    }

    /// Writes down every edge; returns the number of nodes.
    fn connect(&mut self, classes: &[Class]) -> usize {
        let mut nodes = self.items.len();
        let mut virtual_node = || {
            nodes += 1;
            nodes - 1
        };
        let mut edges = Vec::with_capacity(self.items.len() * 2);
        let mut edge = |from, to, why| edges.push(Edge { from, to, why });
        let attached = || self.items.iter().enumerate().filter(|(_, item)| !item.detached);

        let mut entrance: Vec<Option<Node>> = vec![None; classes.len()];
        for (node, item) in attached() {
            for (class, why) in &classes[item.class].needs {
                if *class != item.class {
                    let to = *entrance[*class].get_or_insert_with(&mut virtual_node);
                    edge(node, to, Some(*why));
                }
            }
            for (other, why) in &item.needs {
                if !self.items[*other].detached {
                    edge(node, *other, Some(*why));
                }
            }
        }
        for (node, item) in attached() {
            if let Some(from) = entrance[item.class] {
                edge(from, node, None);
            }
        }

        let mut in_rank: Vec<Node> = attached().map(|(node, _)| node).collect();
        self.sort(&mut in_rank);
        let ordered: Vec<(i32, Node)> =
            in_rank.into_iter().map_while(|node| Some((self.items[node].order?, node))).collect();
        let levels: Vec<&[(i32, Node)]> = ordered.chunk_by(|a, b| a.0 == b.0).collect();
        let mut barrier_before: Option<Node> = None;
        for pair in levels.windows(2) {
            let barrier = virtual_node();
            // An item may end out of turn, by a release: what is before it must hold up what is behind it all the same.
            if let Some(before) = barrier_before.replace(barrier) {
                edge(before, barrier, None);
            }
            for (order, node) in pair[0] {
                edge(*node, barrier, Some(Why::Order(*order)));
            }
            for (_, node) in pair[1] {
                edge(barrier, *node, None);
            }
        }

        let lasts = attached().filter(|(_, item)| item.last).count();
        if lasts > 0 && lasts < attached().count() {
            let barrier = virtual_node();
            for (node, item) in attached() {
                if item.last {
                    edge(barrier, node, None);
                } else {
                    edge(node, barrier, Some(Why::Last));
                }
            }
        }
        self.edges = edges;
        nodes
    }

    /// Sorts the edges into rows, and the nodes topologically.
    fn finish(&mut self, nodes: usize) {
        self.rows = vec![0; nodes + 1];
        for edge in &self.edges {
            self.rows[edge.from + 1] += 1;
        }
        for node in 0..nodes {
            self.rows[node + 1] += self.rows[node];
        }
        let mut place = self.rows.clone();
        for edge in self.edges.clone() {
            self.edges[place[edge.from]] = edge;
            place[edge.from] += 1;
        }

        let mut open = self.predecessor_counts();
        self.topological = (0..nodes).filter(|node| open[*node] == 0).collect();
        let mut next = 0;
        while let Some(&node) = self.topological.get(next) {
            next += 1;
            for at in self.rows[node]..self.rows[node + 1] {
                let to = self.edges[at].to;
                open[to] -= 1;
                if open[to] == 0 {
                    self.topological.push(to);
                }
            }
        }
    }

    /// How many edges lead to each node.
    pub(crate) fn predecessor_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.nodes()];
        for edge in &self.edges {
            counts[edge.to] += 1;
        }
        counts
    }
}

/// What has an order before what has none, then by order, then by name.
pub(crate) type Place<'a> = (bool, Option<i32>, &'a str);

/// Where something stands in logs, reports and printed plans, before registration decides (R4).
pub(crate) fn place(order: Option<i32>, name: &str) -> Place<'_> {
    (order.is_none(), order, name)
}
