//! The entries of resources in the registry of the linked program.

use std::fmt;
use std::panic::Location;

use super::Resource;
use super::declaration::{Declaration, declared_at};
use super::link::Link;

/// The entry of a resource in the registry of the linked program.
///
/// The entry is a function, and generated code reaches it through `Clone::clone` of a type that it makes for this
/// purpose. If a static named the resource, rustc would not report a resource that is never constructed. The body of a
/// derived `Clone` is the one place that the lint of rustc does not read.
#[derive(Debug)]
pub struct Registered(pub fn() -> Link);

inventory::collect!(Registered);

impl Registered {
    /// Returns what the type declares.
    pub fn declaration(&self) -> &'static Declaration {
        (self.0)().get()
    }
}

/// Returns the link of a resource, for its entry and for `depends_on`.
///
/// The bound requires the impl and nothing else. A path would require its supertraits as well.
#[must_use]
pub const fn link<T: Resource>() -> Link {
    T::LINK
}

/// The entry of a generic resource. It is not a type yet, so that the printed plan can only name it.
#[derive(Debug)]
pub struct Generic {
    name: &'static str,
    module: &'static str,
    location: &'static Location<'static>,
}

inventory::collect!(Generic);

impl Generic {
    /// Makes the entry of the struct under the attribute that calls this.
    #[must_use]
    #[track_caller]
    pub const fn new(name: &'static str, module: &'static str) -> Self {
        Self { name, module, location: Location::caller() }
    }
}

impl fmt::Display for Generic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        declared_at(f, self.name, self.module, self.location)
    }
}
