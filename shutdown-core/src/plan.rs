//! The order of teardown: a DAG, as pure data.
//!
//! Two things become a plan. The *declared* resources have one item for each type. They are checked and printed before
//! `main` runs. The *managed* instances are checked at `ready()` and executed by the sequence. Both are given as
//! [`Item`]s of [`Class`]es, and both obey the same rules:
//!
//! - an item precedes every item of each class that its own class needs (R1);
//! - an item precedes the items that it needs itself, such as the instance behind a `Managed<Self>` (R1);
//! - an item with `order = m` precedes every item with a greater order (R2);
//! - an item of the cleanup precedes every item of the flush.
//!
//! A rule between two groups leads through a *virtual* node, so that the number of edges is linear in the number of
//! declarations. There is one virtual node for each needed class, for each step between two orders, and for the step
//! from the cleanup to the flush.

mod cycle;
mod front;
mod path;
mod render;
#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;
use std::time::Duration;

pub(crate) use cycle::Cycle;
pub(crate) use front::Front;
pub(crate) use path::{DeclaredPath, Tails};
pub(crate) use render::{Format, render};

use crate::sort::{sort, sorted};
use crate::stage::TeardownStage;

/// One thing to tear down: a managed instance, or a type in the declared plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) name: Cow<'static, str>,
    /// The index of the item's [`Class`].
    pub(crate) class: usize,
    pub(crate) order: Option<i32>,
    pub(crate) timeout: Option<Duration>,
    /// The method of the type that runs at the notice (R31). It is only printed.
    pub(crate) at_notice: Option<&'static str>,
    pub(crate) stage: TeardownStage,
    /// The items that this item precedes by itself, in addition to the needs of its class.
    pub(crate) needs: Vec<Need>,
    /// No rule applies to the item, because its place in the plan has passed.
    pub(crate) detached: bool,
}

/// The rules that all items of one type share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Class {
    /// The classes whose items each item of this class precedes. A class that needs itself orders instances only, so
    /// that this need is ignored here.
    pub(crate) needs: Vec<Need>,
}

/// A need of an item or a class: the index of the other item or class, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) of: usize,
    pub(crate) why: Why,
}

/// The reason why one item precedes another. To break a cycle, the later variants are given up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Why {
    /// The item holds the other one in this field.
    Field(&'static str),
    /// The start of the item takes the other one as an argument.
    Start,
    /// The item declares `depends_on(..)`.
    DependsOn,
    /// The other item is marked `last`.
    Last,
    /// The item has this `order`, and the other one has a greater order.
    Order(i32),
    /// `Managed::depends_on` or `Deferred::uses` was called, or the instance holds another one of its own type.
    Instance,
}

/// A node of the graph. The first nodes are the [`Plan::items`], by index, and the virtual nodes follow.
pub(crate) type Node = usize;

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: Node,
    to: Node,
    why: Option<Why>,
}

/// Several edges with one reason: each item of `first` precedes each item of `then`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) first: Vec<Node>,
    pub(crate) then: Vec<Node>,
    pub(crate) why: Why,
}

/// The graph, in compressed rows: the successors of `v` are `edges[rows[v]..rows[v + 1]]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    items: Vec<Item>,
    edges: Vec<Edge>,
    rows: Vec<usize>,
    /// Every node after all nodes that precede it. Nodes on a cycle, and those after them, are missing.
    topological: Vec<Node>,
}

impl Plan {
    pub(crate) fn new(items: Vec<Item>, classes: &[Class]) -> Plan {
        let mut plan = Plan { items, ..Plan::default() };
        let nodes = plan.connect(classes);
        plan.finish(nodes);
        plan
    }

    /// Returns the plan of the start: the same graph, with each edge turned round (R25).
    pub(crate) fn turned_round(&self) -> Plan {
        let turned = |edge: &Edge| Edge { from: edge.to, to: edge.from, why: None };
        let edges = self.edges.iter().map(turned).collect();
        let mut plan = Plan { items: self.items.clone(), edges, ..Plan::default() };
        plan.finish(self.nodes());
        plan
    }

    /// Returns the graph's items. Each is the node with the same index.
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Returns the number of items and virtual nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.rows.len().saturating_sub(1)
    }

    /// Returns the nodes that `node` precedes directly.
    pub(crate) fn successors(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        self.out(node).iter().map(|edge| edge.to)
    }

    /// Returns the items that `item` precedes directly or through one virtual node, each with its strongest reason. Of
    /// the greater orders, this includes only the next one.
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

    /// Returns every edge, each group of items with a common reason as one. The size is linear in the declarations.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let of_items = self.rows.get(self.items.len()).map_or(&[][..], |end| &self.edges[..*end]);
        let key = |at: usize| (of_items[at].to, of_items[at].why);
        let by_end = sorted(of_items.len(), &|a, b| key(a).cmp(&key(b)));
        let groups = by_end.chunk_by(|a, b| key(*a) == key(*b)).map(|group| {
            let (to, why) = key(group[0]);
            let why = why.expect("an edge that leaves an item has a reason");
            let then = match self.is_item(to) {
                true => vec![to],
                false => self.successors(to).filter(|node| self.is_item(*node)).collect(),
            };
            Group { first: group.iter().map(|at| of_items[*at].from).collect(), then, why }
        });
        groups.filter(|group| !group.then.is_empty()).collect()
    }

    pub(crate) fn is_item(&self, node: Node) -> bool {
        node < self.items.len()
    }

    /// Returns every node after all nodes that precede it.
    pub(crate) fn topological(&self) -> &[Node] {
        &self.topological
    }

    /// Returns the step of each item: 1 if nothing precedes it, else one more than the last item before it. `None` if it is
    /// part of a cycle, or comes after one.
    pub(crate) fn steps(&self) -> Vec<Option<usize>> {
        let mut before = vec![0; self.nodes()];
        let mut steps = vec![None; self.nodes()];
        for &node in &self.topological {
            let step = before[node] + usize::from(self.is_item(node));
            steps[node] = Some(step);
            for next in self.successors(node) {
                before[next] = before[next].max(step);
            }
        }
        steps.truncate(self.items.len());
        steps
    }

    /// Sorts items as logs, reports and printed plans do (R4).
    pub(crate) fn sort(&self, items: &mut [Node]) {
        sort(items, &|a, b| self.place(a).cmp(&self.place(b)));
    }

    /// Returns the sort key of R4: order, then name, then registration, which is the order of the items.
    fn place(&self, item: Node) -> (Place<'_>, Node) {
        (place(self.items[item].order, &self.items[item].name), item)
    }

    fn out(&self, node: Node) -> &[Edge] {
        &self.edges[self.rows[node]..self.rows[node + 1]]
    }

    /// Creates every edge, and returns the number of nodes.
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
            for Need { of: class, why } in classes[item.class].needs.iter().copied() {
                if class != item.class {
                    let to = *entrance[class].get_or_insert_with(&mut virtual_node);
                    edge(node, to, Some(why));
                }
            }
            for Need { of: other, why } in item.needs.iter().copied() {
                if !self.items[other].detached {
                    edge(node, other, Some(why));
                }
            }
        }
        for (node, item) in attached() {
            if let Some(from) = entrance[item.class] {
                edge(from, node, None);
            }
        }

        let mut in_rank: Vec<Node> =
            attached().filter(|(_, item)| item.order.is_some()).map(|(node, _)| node).collect();
        self.sort(&mut in_rank);
        let levels: Vec<&[Node]> =
            in_rank.chunk_by(|a, b| self.items[*a].order == self.items[*b].order).collect();
        let mut barrier_before: Option<Node> = None;
        for pair in levels.windows(2) {
            let barrier = virtual_node();
            // An item may end out of turn, by a release. The lower orders must still hold up the higher ones.
            if let Some(before) = barrier_before.replace(barrier) {
                edge(before, barrier, None);
            }
            for node in pair[0] {
                edge(*node, barrier, self.items[*node].order.map(Why::Order));
            }
            for node in pair[1] {
                edge(barrier, *node, None);
            }
        }

        let mut stages = attached().map(|(_, item)| item.stage);
        let first = stages.next();
        if stages.any(|stage| Some(stage) != first) {
            let barrier = virtual_node();
            for (node, item) in attached() {
                match item.stage {
                    TeardownStage::Cleanup => edge(node, barrier, Some(Why::Last)),
                    TeardownStage::Flush => edge(barrier, node, None),
                }
            }
        }
        self.edges = edges;
        nodes
    }

    /// Sorts the edges into rows, and the nodes in topological order.
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

    /// Returns the number of edges that lead to each node.
    pub(crate) fn predecessor_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.nodes()];
        for edge in &self.edges {
            counts[edge.to] += 1;
        }
        counts
    }
}

/// A sort key: items with an order before items without, then by order, then by name.
pub(crate) type Place<'a> = (bool, Option<i32>, &'a str);

/// Returns the sort key for logs, reports and printed plans. Equal keys are sorted by registration (R4).
pub(crate) fn place(order: Option<i32>, name: &str) -> Place<'_> {
    (order.is_none(), order, name)
}
