//! A walk along the edges of declarations, breadth first, in a constant.

use crate::resource::declaration::Declaration;
use crate::resource::needs::NeedReason;

/// How many types one walk visits at most.
const TYPES: usize = 64;

/// How many edges one walk looks at, at most. For about ten times as many, rustc warns of a long evaluation.
const EDGES: usize = 2_048;

/// What a walk looks for, and through which types it goes.
#[derive(Clone, Copy)]
pub(super) enum Goal {
    /// This type. The walk goes through types that are greater than its start.
    Back(&'static Declaration),
    /// A type that `order` or `last` tears down before this one. The walk goes through types without an order.
    Before(&'static Declaration),
}

impl Goal {
    const fn is_met_by(self, found: &Declaration) -> bool {
        match self {
            Self::Back(target) => is_same(found, target),
            Self::Before(owner) => comes_before(found, owner),
        }
    }

    const fn leads_through(self, start: &Declaration, next: &Declaration) -> bool {
        match self {
            Self::Back(_) => is_less(start, next),
            Self::Before(_) => next.order.is_none(),
        }
    }
}

/// The types that a walk has visited. For each it holds the type before it, and the edge between them.
pub(super) struct Walk {
    seen: [&'static Declaration; TYPES],
    from: [usize; TYPES],
    by: [NeedReason; TYPES],
    length: usize,
    found: usize,
}

impl Walk {
    const fn new(start: &'static Declaration) -> Self {
        Self {
            seen: [start; TYPES],
            from: [0; TYPES],
            by: [NeedReason::DependsOn; TYPES],
            length: 1,
            found: 0,
        }
    }

    /// Finds the shortest way from `start` to a goal. It gives up after [`TYPES`] types or [`EDGES`] edges.
    pub(super) const fn find(start: &'static Declaration, goal: Goal) -> Option<Self> {
        if goal.is_met_by(start) {
            return Some(Self::new(start));
        }
        // Most types lead nowhere. For them the arrays are not needed.
        if !leads_on(start, goal) {
            return None;
        }
        let mut walk = Self::new(start);
        let (mut at, mut looked_at) = (0, 0);
        while at < walk.length && looked_at < EDGES {
            let (mut edge, edges) = (0, walk.seen[at].edges);
            while edge < edges.len() {
                let (mut to, reason) = (0, edges[edge].reason);
                while to < edges[edge].to.len() {
                    let next = edges[edge].to[to].get();
                    looked_at += 1;
                    if goal.is_met_by(next) {
                        walk.found = walk.add(next, at, reason);
                        return Some(walk);
                    }
                    if goal.leads_through(start, next) {
                        walk.add(next, at, reason);
                    }
                    to += 1;
                }
                edge += 1;
            }
            at += 1;
        }
        None
    }

    /// Adds a type that is new, and returns its place. The last place is kept for the goal.
    const fn add(&mut self, next: &'static Declaration, from: usize, by: NeedReason) -> usize {
        let mut at = 0;
        while at < self.length {
            if is_same(self.seen[at], next) {
                return at;
            }
            at += 1;
        }
        let at = self.length;
        if at + 1 < TYPES {
            self.length += 1;
        }
        self.seen[at] = next;
        self.from[at] = from;
        self.by[at] = by;
        at
    }

    pub(super) const fn start(&self) -> &'static Declaration {
        self.seen[0]
    }

    pub(super) const fn end(&self) -> &'static Declaration {
        self.seen[self.found]
    }

    /// Returns the way from the start to the goal.
    pub(super) const fn way(&self) -> Way {
        let mut way = Way { steps: [(self.seen[0], NeedReason::DependsOn); TYPES], length: 0 };
        let mut at = self.found;
        while at != 0 {
            way.length += 1;
            at = self.from[at];
        }
        let (mut at, mut place) = (self.found, way.length);
        while at != 0 {
            place -= 1;
            way.steps[place] = (self.seen[self.from[at]], self.by[at]);
            at = self.from[at];
        }
        way
    }
}

/// The types on a way, without its goal. Each has the reason for which it comes before the next one.
pub(super) struct Way {
    steps: [(&'static Declaration, NeedReason); TYPES],
    length: usize,
}

impl Way {
    pub(super) const fn steps(&self) -> &[(&'static Declaration, NeedReason)] {
        self.steps.split_at(self.length).0
    }
}

/// Returns whether any edge of `start` meets the goal, or leads on to it.
const fn leads_on(start: &Declaration, goal: Goal) -> bool {
    if matches!(goal, Goal::Before(_)) && start.order.is_some() {
        return false;
    }
    let mut edge = 0;
    while edge < start.edges.len() {
        let mut to = 0;
        while to < start.edges[edge].to.len() {
            let next = start.edges[edge].to[to].get();
            if goal.is_met_by(next) || goal.leads_through(start, next) {
                return true;
            }
            to += 1;
        }
        edge += 1;
    }
    false
}

/// Returns whether `order` or `last` tears `one` down before `other`.
const fn comes_before(one: &Declaration, other: &Declaration) -> bool {
    if one.last != other.last {
        return other.last;
    }
    match (one.order, other.order) {
        (Some(one), Some(other)) => one < other,
        _ => false,
    }
}

pub(super) const fn is_same(a: &Declaration, b: &Declaration) -> bool {
    compare(a, b) == 0
}

/// Returns whether `a` is less than `b`, in an order that only has to be total.
pub(super) const fn is_less(a: &Declaration, b: &Declaration) -> bool {
    compare(a, b) < 0
}

/// Compares by place first, because most types differ in their line.
const fn compare(a: &Declaration, b: &Declaration) -> i8 {
    let (one, other) = (a.location.line(), b.location.line());
    if one != other {
        return if one < other { -1 } else { 1 };
    }
    let (one, other) = (a.location.column(), b.location.column());
    if one != other {
        return if one < other { -1 } else { 1 };
    }
    match compare_text(a.name, b.name) {
        0 => match compare_text(a.location.file(), b.location.file()) {
            0 => compare_text(a.module, b.module),
            other => other,
        },
        other => other,
    }
}

const fn compare_text(a: &str, b: &str) -> i8 {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if a[at] != b[at] {
            return if a[at] < b[at] { -1 } else { 1 };
        }
        at += 1;
    }
    if a.len() == b.len() {
        0
    } else if a.len() < b.len() {
        -1
    } else {
        1
    }
}
