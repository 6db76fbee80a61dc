//! The lints `dependency_cycle` and `order_contradiction`.
//!
//! Each struct is checked for itself, at each of its edges. Two rules keep the cost linear in the number of edges:
//!
//! - Every cycle has a least type, in the order of [`is_less`], and an edge from a greater type back to it. So a walk
//!   begins only at an edge to a lesser type, and from there goes only through greater ones. It finds each cycle once,
//!   from its least type. In a chain no walk begins at all, in whichever order the structs are declared.
//! - A walk from a struct with an `order` goes only through types without one. A type with an order has a check of its
//!   own.
//!
//! A walk is bounded, however large the program is. It goes breadth first, so it finds the shortest way. The plan that
//! is built when the program starts finds what a walk misses (R5).

use super::text::Text;
use super::walk::{Goal, Walk, is_less, is_same};
use crate::resource::declaration::Declaration;
use crate::resource::link::Link;
use crate::resource::needs::NeedReason;

/// Checks one edge of a struct that is not generic.
///
/// # Panics
///
/// Panics if the edge closes a cycle, or if it leads to a type that has to be torn down before the struct itself. In a
/// constant that is a compile error.
#[track_caller]
pub const fn check(owner: &'static Declaration, edge: usize) {
    let edge = &owner.edges[edge];
    let mut at = 0;
    while at < edge.to.len() {
        check_one(owner, edge.reason, edge.to[at].get());
        at += 1;
    }
}

/// Checks one argument of the start of a struct that is not generic.
///
/// # Panics
///
/// Panics if the edge closes a cycle, if it leads to a type that has to be torn down before the struct itself, or if it
/// leads to the struct. In a constant that is a compile error.
#[track_caller]
pub const fn check_start(owner: &'static Declaration, argument: Link) {
    let next = argument.get();
    if is_same(owner, next) {
        let mut text = Text::new();
        text.add_all(&["lifecycle::lints::dependency_cycle: `", owner.name, "` starts after itself; "]);
        text.add("remove the argument");
        panic!("{}", text.as_str());
    }
    check_one(owner, NeedReason::Start, next);
}

#[track_caller]
const fn check_one(owner: &'static Declaration, reason: NeedReason, next: &'static Declaration) {
    if is_same(owner, next) {
        return;
    }
    if is_less(next, owner)
        && let Some(walk) = Walk::find(next, Goal::Back(owner))
    {
        panic!("{}", cycle(owner, reason, &walk).as_str());
    }
    if (owner.order.is_some() || owner.last)
        && let Some(walk) = Walk::find(next, Goal::Before(owner))
    {
        panic!("{}", contradiction(owner, reason, &walk).as_str());
    }
}

/// Describes a cycle from its least type: the walk leads from there to `owner`, and the edge of `owner` back.
const fn cycle(owner: &Declaration, reason: NeedReason, walk: &Walk) -> Text {
    let mut text = Text::new();
    text.add(
        "lifecycle::lints::dependency_cycle: each of these resources has to be torn down before the next: ",
    );
    add_way(&mut text, walk);
    add_step(&mut text, owner, reason);
    text.add_all(&["`", walk.start().name, "`"]);
    text.add("; remove one of these edges: hold a plain value or a channel instead of the handle");
    text
}

const fn contradiction(owner: &Declaration, reason: NeedReason, walk: &Walk) -> Text {
    let mut text = Text::new();
    let (owner_name, end) = (owner.name, walk.end());
    text.add("lifecycle::lints::order_contradiction: ");
    add_step(&mut text, owner, reason);
    add_way(&mut text, walk);
    text.add_all(&["`", end.name, "`, but `", owner_name]);
    match (owner.order, end.order) {
        (Some(order), Some(end_order)) if owner.last == end.last => {
            text.add("` has `order = ").number(order);
            text.add_all(&["` and `", end.name, "` has `order = "]).number(end_order);
            text.add_all(&["`, and the smaller order is torn down first; remove the order of `", end.name]);
            text.add("`, or make it the greater one");
        }
        _ => {
            text.add_all(&["` is `last` and `", end.name, "` is not; mark `", end.name]);
            text.add("` as `last` too, or remove the dependency");
        }
    }
    text
}

/// Appends the types of a walk up to its goal, without the goal.
const fn add_way(text: &mut Text, walk: &Walk) {
    let (way, mut at) = (walk.way(), 0);
    while at < way.steps().len() {
        let (one, why) = way.steps()[at];
        add_step(text, one, why);
        at += 1;
    }
}

/// Appends a name, and why it comes before the next one.
const fn add_step(text: &mut Text, one: &Declaration, why: NeedReason) {
    text.add_all(&["`", one.name, "` before ("]);
    match why {
        NeedReason::Field(field) => text.add_all(&["field `", field, "`) "]),
        NeedReason::Start => text.add("argument of `start`) "),
        NeedReason::DependsOn => text.add("`depends_on`) "),
    };
}
