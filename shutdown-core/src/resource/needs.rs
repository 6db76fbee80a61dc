//! The types that a type depends on.

use std::any::TypeId;

use super::declaration::{Declaration, Edge};
use crate::plan::Why;

/// Why one type depends on another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NeedReason {
    /// A field holds a handle. The text is the name of the field, or its index in a tuple struct.
    Field(&'static str),
    /// The start takes a handle as an argument.
    Start,
    /// `depends_on(..)` lists the type.
    DependsOn,
}

impl From<NeedReason> for Why {
    fn from(reason: NeedReason) -> Why {
        match reason {
            NeedReason::Field(field) => Why::Field(field),
            NeedReason::Start => Why::Start,
            NeedReason::DependsOn => Why::DependsOn,
        }
    }
}

/// A type that another one depends on.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The type.
    pub type_id: TypeId,
    /// What the type declares.
    pub declaration: &'static Declaration,
    /// The reason of the dependency.
    pub reason: NeedReason,
}

/// The types that a type depends on. Each type is listed once, with the first reason that was found.
#[derive(Debug)]
pub struct Needs {
    owner: TypeId,
    list: Vec<Need>,
}

impl Needs {
    /// Collects what `declaration` depends on.
    pub fn of(declaration: &Declaration) -> Self {
        let mut needs = Self { owner: (declaration.type_id)(), list: Vec::new() };
        needs.extend(declaration.edges);
        (declaration.collect)(&mut needs);
        needs
    }

    /// Adds the types of `edges`. It skips a type that is listed already, and the owner itself: a handle of the
    /// owner's own type orders instances, not types (R1).
    pub fn extend(&mut self, edges: &[Edge]) {
        for edge in edges {
            for declaration in edge.to.iter().map(|link| link.get()) {
                let type_id = (declaration.type_id)();
                if self.owner != type_id && self.list.iter().all(|need| need.type_id != type_id) {
                    self.list.push(Need { type_id, declaration, reason: edge.reason });
                }
            }
        }
    }

    /// Lists the types in the order in which they were found: fields first.
    #[expect(clippy::iter_without_into_iter, reason = "every caller names it")]
    pub fn iter(&self) -> std::slice::Iter<'_, Need> {
        self.list.iter()
    }
}
