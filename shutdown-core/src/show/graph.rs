//! The plan as a graph. Instances with the same edges are one node, so that 300 instances of three types are three nodes.
//!
//! Each node is a row, after all rows that precede it. A lane on the left leads from the nodes that come first to those that
//! come after them, so that a name has the whole width of the page, also on a telephone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::stop::{Edge, Stop};
use crate::markup::escaped;

/// A plan with more lanes at one place is written, and not drawn.
const MAX_LANES: usize = 16;
/// The most reasons and names that a node lists.
const MAX_LISTED: usize = 4;
/// Lengths of the drawing, in pixels: between two lanes, and from the last lane to the node.
const LANE: usize = 14;
const ARROW: usize = 22;
/// Where lanes meet a node: those that lead to it, and those that leave it.
const IN: usize = 14;
const OUT: usize = 24;

#[derive(Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Node {
    label: String,
    /// "before `x`, `y`: reason", one for each group of edges.
    before: Vec<String>,
}

/// Edges to the same nodes.
#[derive(Debug)]
struct Lane {
    first: BTreeSet<usize>,
    then: BTreeSet<usize>,
    /// The lane next to the nodes is 0.
    column: usize,
}

impl Lane {
    fn from(&self) -> usize {
        self.first.first().copied().unwrap_or_default()
    }

    fn to(&self) -> usize {
        self.then.last().copied().unwrap_or_default()
    }
}

impl Graph {
    pub(super) fn of(stop: &Stop, edges: &[Edge]) -> Graph {
        let count = stop.instances.len();
        let edges: Vec<Edge> = edges.iter().filter_map(|edge| within(edge, count)).collect();
        let groups = in_order(twins(count, &edges), &edges);
        let mut node_of = vec![0; count];
        for (node, members) in groups.iter().enumerate() {
            for member in members {
                node_of[*member] = node;
            }
        }
        let labels: Vec<String> = groups.iter().map(|members| label(stop, members)).collect();
        let mut nodes: Vec<Node> =
            labels.iter().map(|label| Node { label: label.clone(), before: Vec::new() }).collect();
        let mut lanes: BTreeMap<BTreeSet<usize>, BTreeSet<usize>> = BTreeMap::new();
        for edge in &edges {
            let to_nodes =
                |rows: &[usize]| -> BTreeSet<usize> { rows.iter().map(|row| node_of[*row]).collect() };
            let (first, then) = (to_nodes(&edge.first), to_nodes(&edge.then));
            let named: Vec<&str> = then.iter().take(MAX_LISTED).map(|node| labels[*node].as_str()).collect();
            let more = if then.len() > MAX_LISTED { ", .." } else { "" };
            for node in &first {
                nodes[*node].before.push(format!("before {}{more}: {}", named.join(", "), edge.why));
            }
            lanes.entry(then).or_default().extend(first);
        }
        let lanes = lanes.into_iter().map(|(then, first)| Lane { first, then, column: 0 });
        // A report that is damaged may have a circle.
        let lanes = lanes.filter(|lane| lane.from() < lane.to());
        Graph { nodes, lanes: columns(lanes.collect()) }
    }

    pub(super) fn html(&self) -> String {
        let width = self.lanes.iter().map(|lane| lane.column + 1).max().unwrap_or_default();
        let (width, lanes) = if width > MAX_LANES { (0, &[][..]) } else { (width, self.lanes.as_slice()) };
        let mut out = String::from("<ol class=\"plan\">\n");
        let gutter = if width == 0 { 0 } else { width * LANE + ARROW };
        for (row, node) in self.nodes.iter().enumerate() {
            let _ = write!(out, "<li style=\"padding-left:{gutter}px\">");
            if width > 0 {
                let drawn: String = lanes.iter().map(|lane| segment(lane, row, gutter)).collect();
                let _ =
                    write!(out, "<svg class=\"lanes\" width=\"{gutter}\" aria-hidden=\"true\">{drawn}</svg>");
            }
            let _ = write!(out, "<span class=\"node\"><bdi>{}</bdi></span>", escaped(&node.label));
            for before in node.before.iter().take(MAX_LISTED) {
                let _ = write!(out, "<span class=\"edge\">{}</span>", escaped(before));
            }
            if node.before.len() > MAX_LISTED {
                let _ =
                    write!(out, "<span class=\"edge\">and {} more</span>", node.before.len() - MAX_LISTED);
            }
            out.push_str("</li>\n");
        }
        out.push_str("</ol>\n");
        out
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }
}

/// Draws the part of a lane that is in one row.
fn segment(lane: &Lane, row: usize, gutter: usize) -> String {
    let (from, to) = (lane.from(), lane.to());
    if row < from || row > to {
        return String::new();
    }
    let mut out = format!("<g class=\"lane-{}\">", lane.column % 3);
    let x = gutter - ARROW - lane.column * LANE;
    let top = if row == from { OUT.to_string() } else { "0".to_owned() };
    let bottom = if row == to { IN.to_string() } else { "100%".to_owned() };
    let _ = write!(out, "<line x1=\"{x}\" x2=\"{x}\" y1=\"{top}\" y2=\"{bottom}\"/>");
    if lane.first.contains(&row) {
        let _ = write!(
            out,
            "<line x1=\"{x}\" x2=\"{gutter}\" y1=\"{OUT}\" y2=\"{OUT}\"/><circle cx=\"{x}\" cy=\"{OUT}\" r=\"3\"/>"
        );
    }
    if lane.then.contains(&row) {
        let (tip, back, above, below) = (gutter - 1, gutter - 8, IN - 4, IN + 4);
        let _ = write!(
            out,
            "<line x1=\"{x}\" x2=\"{back}\" y1=\"{IN}\" y2=\"{IN}\"/><path d=\"M{back} {above}L{tip} {IN}L{back} {below}z\"/>",
        );
    }
    out.push_str("</g>");
    out
}

/// Returns the edge without rows that do not exist.
fn within(edge: &Edge, count: usize) -> Option<Edge> {
    let rows = |rows: &[usize]| -> Vec<usize> { rows.iter().copied().filter(|row| *row < count).collect() };
    let (first, then) = (rows(&edge.first), rows(&edge.then));
    (!first.is_empty() && !then.is_empty()).then(|| Edge { first, then, why: edge.why.clone() })
}

/// Returns the groups of instances that have the same edges.
fn twins(count: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut edges_of: Vec<Vec<(usize, bool)>> = vec![Vec::new(); count];
    for (number, edge) in edges.iter().enumerate() {
        for row in &edge.first {
            edges_of[*row].push((number, true));
        }
        for row in &edge.then {
            edges_of[*row].push((number, false));
        }
    }
    let mut groups: BTreeMap<Vec<(usize, bool)>, Vec<usize>> = BTreeMap::new();
    for (row, edges) in edges_of.into_iter().enumerate() {
        groups.entry(edges).or_default().push(row);
    }
    groups.into_values().collect()
}

/// Sorts the groups: each after all that precede it, and by their first rows.
fn in_order(groups: Vec<Vec<usize>>, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (group, members) in groups.iter().enumerate() {
        group_of.extend(members.iter().map(|member| (*member, group)));
    }
    let mut next: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); groups.len()];
    let mut waits_for = vec![0_usize; groups.len()];
    for edge in edges {
        let of = |rows: &[usize]| -> BTreeSet<usize> { rows.iter().map(|row| group_of[row]).collect() };
        let then = of(&edge.then);
        for first in of(&edge.first) {
            for then in &then {
                if next[first].insert(*then) {
                    waits_for[*then] += 1;
                }
            }
        }
    }
    let mut open: BTreeSet<(usize, usize)> =
        groups.iter().enumerate().map(|(group, members)| (members[0], group)).collect();
    let mut order = Vec::new();
    while let Some(&(row, group)) =
        open.iter().find(|(_, group)| waits_for[*group] == 0).or_else(|| open.first())
    {
        open.remove(&(row, group));
        order.push(groups[group].clone());
        for then in &next[group] {
            waits_for[*then] = waits_for[*then].saturating_sub(1);
        }
    }
    order
}

/// Gives each lane a column in which it meets no other one. Short lanes are next to the nodes.
fn columns(mut lanes: Vec<Lane>) -> Vec<Lane> {
    lanes.sort_by_key(|lane| (lane.to() - lane.from(), lane.from()));
    let mut taken: Vec<Vec<(usize, usize)>> = Vec::new();
    for lane in &mut lanes {
        let (from, to) = (lane.from(), lane.to());
        // Two lanes may share a row if one ends where the other one begins.
        let is_free = |spans: &Vec<(usize, usize)>| spans.iter().all(|(a, b)| to <= *a || *b <= from);
        lane.column = taken.iter().position(is_free).unwrap_or(taken.len());
        if lane.column == taken.len() {
            taken.push(Vec::new());
        }
        taken[lane.column].push((from, to));
    }
    lanes
}

fn label(stop: &Stop, members: &[usize]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for member in members {
        *counts.entry(&stop.instances[*member].bar.name).or_default() += 1;
    }
    let named = counts.iter().take(3).map(|(name, count)| match count {
        1 => (*name).to_owned(),
        count => format!("{name} ×{count}"),
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match counts.len().checked_sub(3) {
        Some(more) if more > 0 => format!("{named} and {more} more"),
        _ => named,
    }
}
