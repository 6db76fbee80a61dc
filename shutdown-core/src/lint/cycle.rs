//! The lints `dependency_cycle` and `order_contradiction`: the declarations of the crate, walked by the compiler.
//!
//! Each struct is checked for itself, at each of its edges. To keep that linear, a walk goes only where it can find
//! something:
//!
//! - Every circle has a smallest type, by [`is_before`], and an edge that leads back to it from a greater one. So only an
//!   edge to a smaller type is followed, and from there only greater ones: the circle is found once, by its smallest
//!   type, and in a chain nothing is walked at all, whichever way it is written down.
//! - From a struct with an order only what has no order is walked: what has one is checked for itself.
//!
//! A walk ends after [`LIMIT`] types, however large the program is. It goes breadth first, so what it finds is the
//! shortest; what it does not find is found by the same plan when the program starts (R5).
//!
//! Nothing here can allocate, and no `dyn` or `TypeId` can be asked: arrays, and comparisons of names.

use crate::resource::{Declaration, NeedReason};

/// How many types one walk visits at most.
const LIMIT: usize = 64;

/// How many edges one walk looks at, at most: beyond some ten times as many, rustc calls an evaluation a long one.
const EDGES: usize = 2_048;

/// Checks one edge of a struct that is known by name.
///
/// # Panics
///
/// When it closes a circle, or leads to what must be torn down before the struct itself. That is how a constant says
/// that it is an error.
#[track_caller]
pub const fn check(owner: &'static Declaration, edge: usize) {
    let edge = &owner.edges[edge];
    let mut at = 0;
    while at < edge.to.len() {
        let next = edge.to[at].get();
        if !is_same(owner, next) {
            if is_before(next, owner)
                && let Some(walk) = Walk::back(next, owner)
            {
                Story::circle(owner, edge.reason, &walk).tell();
            }
            if (owner.order.is_some() || owner.last)
                && let Some(walk) = Walk::contradiction(next, owner)
            {
                Story::contradiction(owner, edge.reason, &walk).tell();
            }
        }
        at += 1;
    }
}

/// What a walk has seen: each declaration, from which one it came, and by which edge.
struct Walk {
    seen: [&'static Declaration; LIMIT],
    from: [usize; LIMIT],
    by: [NeedReason; LIMIT],
    len: usize,
    /// How many edges were looked at.
    edges: usize,
    /// The one that was looked for.
    found: usize,
}

impl Walk {
    const fn new(start: &'static Declaration) -> Self {
        Self {
            seen: [start; LIMIT],
            from: [0; LIMIT],
            by: [NeedReason::DependsOn; LIMIT],
            len: 1,
            edges: 0,
            found: 0,
        }
    }

    /// The way from `start` to `target`, through what is greater than `start`.
    const fn back(start: &'static Declaration, target: &Declaration) -> Option<Self> {
        // Most have nowhere to go, and for these there is no need of arrays.
        if !leads_on(start) {
            return None;
        }
        let mut walk = Self::new(start);
        let mut at = 0;
        while at < walk.len && walk.edges < EDGES {
            let (mut edge, edges) = (0, walk.seen[at].edges);
            while edge < edges.len() {
                let mut to = 0;
                while to < edges[edge].to.len() {
                    let next = edges[edge].to[to].get();
                    walk.edges += 1;
                    if is_same(next, target) {
                        walk.found = walk.add(next, at, edges[edge].reason);
                        return Some(walk);
                    }
                    if is_before(start, next) {
                        walk.add(next, at, edges[edge].reason);
                    }
                    to += 1;
                }
                edge += 1;
            }
            at += 1;
        }
        None
    }

    /// The way from `start` to what `owner` would have to follow, through what has no order.
    const fn contradiction(start: &'static Declaration, owner: &Declaration) -> Option<Self> {
        if comes_before(start, owner) {
            return Some(Self::new(start));
        }
        if start.order.is_some() || start.edges.is_empty() {
            return None;
        }
        let mut walk = Self::new(start);
        let mut at = 0;
        while at < walk.len && walk.edges < EDGES {
            let (mut edge, edges) = (0, walk.seen[at].edges);
            while edge < edges.len() {
                let mut to = 0;
                while to < edges[edge].to.len() {
                    let next = edges[edge].to[to].get();
                    walk.edges += 1;
                    if comes_before(next, owner) {
                        walk.found = walk.add(next, at, edges[edge].reason);
                        return Some(walk);
                    }
                    if next.order.is_none() {
                        walk.add(next, at, edges[edge].reason);
                    }
                    to += 1;
                }
                edge += 1;
            }
            at += 1;
        }
        None
    }

    /// Takes one in, unless it is there; returns where it is. The last place is kept for the one that is looked for.
    const fn add(&mut self, next: &'static Declaration, from: usize, by: NeedReason) -> usize {
        let mut at = 0;
        while at < self.len {
            if is_same(self.seen[at], next) {
                return at;
            }
            at += 1;
        }
        let at = self.len;
        if at + 1 < LIMIT {
            self.len += 1;
        }
        self.seen[at] = next;
        self.from[at] = from;
        self.by[at] = by;
        at
    }
}

/// Whether any edge leads to something greater.
const fn leads_on(start: &Declaration) -> bool {
    let mut edge = 0;
    while edge < start.edges.len() {
        let mut to = 0;
        while to < start.edges[edge].to.len() {
            if is_before(start, start.edges[edge].to[to].get()) {
                return true;
            }
            to += 1;
        }
        edge += 1;
    }
    false
}

/// Whether `order` or `last` tears `one` down before `other`.
const fn comes_before(one: &Declaration, other: &Declaration) -> bool {
    if one.last != other.last {
        return other.last;
    }
    match (one.order, other.order) {
        (Some(one), Some(other)) => one < other,
        _ => false,
    }
}

const fn is_same(a: &Declaration, b: &Declaration) -> bool {
    compare(a, b) == 0
}

/// Any order will do. Lines tell most types apart.
const fn is_before(a: &Declaration, b: &Declaration) -> bool {
    compare(a, b) < 0
}

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

/// The message, which a constant can only write byte by byte.
struct Story {
    text: [u8; 2048],
    len: usize,
}

impl Story {
    /// `owner` leads to where the walk began, and the walk back to `owner`. It is told from the smallest type on.
    const fn circle(owner: &Declaration, reason: NeedReason, walk: &Walk) -> Self {
        let mut story =
            Self::new("lifecycle::lints::dependency_cycle: these resources wait for each other: ");
        story.walk(walk);
        story.step(owner, reason);
        story.name(walk.seen[0]);
        story.add("; take one of these edges out: hold a plain value or a channel instead of the handle");
        story
    }

    const fn contradiction(owner: &Declaration, reason: NeedReason, walk: &Walk) -> Self {
        let found = walk.seen[walk.found];
        let mut story = Self::new("lifecycle::lints::order_contradiction: ");
        story.step(owner, reason);
        story.walk(walk);
        story.name(found);
        story.add(", but ");
        story.name(owner);
        if owner.last && !found.last {
            story.add(" is `last`, and ");
            story.name(found);
            story.add(" is not: mark it `last` too, or depend on it in another way");
        } else {
            story.add(" has `order = ");
            story.number(owner.order);
            story.add("` and ");
            story.name(found);
            story.add(" `order = ");
            story.number(found.order);
            story.add("`, and the smaller is torn down first: give ");
            story.name(found);
            story.add(" the greater order, or none");
        }
        story
    }

    const fn new(text: &str) -> Self {
        let mut story = Self { text: [0; 2048], len: 0 };
        story.add(text);
        story
    }

    /// Every step of the walk up to what was found, without that.
    const fn walk(&mut self, walk: &Walk) {
        let mut way = [0; LIMIT];
        let mut steps = 0;
        let mut at = walk.found;
        while at != 0 {
            way[steps] = at;
            steps += 1;
            at = walk.from[at];
        }
        while steps > 0 {
            steps -= 1;
            let to = way[steps];
            self.step(walk.seen[walk.from[to]], walk.by[to]);
        }
    }

    /// One name, and why it comes before the next.
    const fn step(&mut self, one: &Declaration, why: NeedReason) {
        self.name(one);
        match why {
            NeedReason::Field(field) => {
                self.add(" before (field `");
                self.add(field);
                self.add("`) ");
            }
            NeedReason::DependsOn => self.add(" before (`depends_on`) "),
        }
    }

    const fn name(&mut self, one: &Declaration) {
        self.add("`");
        self.add(one.name);
        self.add("`");
    }

    const fn number(&mut self, number: Option<i32>) {
        let number = match number {
            Some(number) => number,
            None => 0,
        };
        if number < 0 {
            self.add("-");
        }
        let mut rest = number.unsigned_abs();
        let mut digits = [0; 10];
        let mut count = 0;
        while count == 0 || rest > 0 {
            digits[count] = (rest % 10) as u8;
            rest /= 10;
            count += 1;
        }
        while count > 0 {
            count -= 1;
            self.byte(b'0' + digits[count]);
        }
    }

    const fn add(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            self.byte(text[at]);
            at += 1;
        }
    }

    /// What does not fit is left out: a circle of a hundred types is not read to its end.
    const fn byte(&mut self, byte: u8) {
        if self.len < self.text.len() {
            self.text[self.len] = byte;
            self.len += 1;
        }
    }

    #[track_caller]
    const fn tell(&self) -> ! {
        let (text, _) = self.text.split_at(self.len);
        match str::from_utf8(text) {
            Ok(text) => panic!("{}", text),
            // It was cut off inside a letter.
            Err(_) => panic!("lifecycle::lints::dependency_cycle: resources wait for each other"),
        }
    }
}
