//! What a resource says about itself, as data that the linked program carries.

use std::{any::TypeId, fmt, panic::Location, slice, time::Duration};

use super::{Link, Resource};
use crate::plan::Why;

/// Everything that `#[lifecycle::resource(..)]` says about a type.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// `name = ".."`, or the identifier of the struct.
    pub name: &'static str,
    /// Where the struct is, as `module_path!()` has it.
    pub module: &'static str,
    /// The attribute.
    pub location: &'static Location<'static>,
    /// `order = ..`
    pub order: Option<i32>,
    /// `timeout = ".."`
    pub timeout: Option<Duration>,
    /// `last`: torn down in the flush.
    pub last: bool,
    /// A generic struct is not known at link time.
    pub generic: bool,
    /// The type.
    pub type_id: fn() -> TypeId,
    /// The names of the steps of a teardown.
    pub steps: &'static [&'static str],
    /// What the type depends on.
    pub edges: &'static [Edge],
    /// The same of a generic struct, whose constants may lead to ever new types.
    pub collect: fn(&mut Needs),
}

/// What one field, or one type in `depends_on`, makes a type depend on.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// The types: none, if the field holds no handle.
    pub to: &'static [Link],
    /// Why.
    pub reason: NeedReason,
}

impl Edge {
    /// By a field.
    #[must_use]
    pub const fn field(label: &'static str, to: &'static [Link]) -> Self {
        let reason = NeedReason::Field(label);
        Self { to, reason }
    }

    /// By `depends_on`.
    #[must_use]
    pub const fn depends_on(to: &'static [Link]) -> Self {
        let reason = NeedReason::DependsOn;
        Self { to, reason }
    }
}

/// The entry of a resource in the registry of the linked program.
///
/// It is a function, and a roundabout one: `Clone::clone` of a type that is made for it. To name the resource in a
/// static would silence rustc's "never constructed" for all of them, and the body of a derived `Clone` is the one
/// place where that lint does not look.
#[derive(Debug)]
pub struct Registered(pub fn() -> Link);

inventory::collect!(Registered);

impl Registered {
    /// What the type declares.
    pub fn declaration(&self) -> &'static Declaration {
        (self.0)().get()
    }
}

/// The entry of a generic resource, which is no type yet: for the printed plan to name.
#[derive(Debug)]
pub struct Generic {
    name: &'static str,
    module: &'static str,
    location: &'static Location<'static>,
}

inventory::collect!(Generic);

impl Generic {
    /// Of the struct whose attribute this is called for.
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

/// What it is called, and where it is declared.
impl fmt::Display for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        declared_at(f, self.name, self.module, self.location)
    }
}

fn declared_at(f: &mut fmt::Formatter<'_>, name: &str, module: &str, at: &Location<'_>) -> fmt::Result {
    write!(f, "{name} ({module}, {}:{})", at.file(), at.line())
}

impl Declaration {
    /// Of a struct that says nothing but its name.
    #[must_use]
    #[track_caller]
    pub const fn new<T: 'static>(name: &'static str, module: &'static str) -> Self {
        Self {
            name,
            module,
            location: Location::caller(),
            order: None,
            timeout: None,
            last: false,
            generic: false,
            type_id: TypeId::of::<T>,
            steps: &["teardown"],
            edges: &[],
            collect: |_| {},
        }
    }

    /// `order = ..`
    #[must_use]
    pub const fn order(mut self, order: i32) -> Self {
        self.order = Some(order);
        self
    }

    /// `timeout = ".."`
    #[must_use]
    pub const fn timeout(mut self, seconds: u64, nanos: u32) -> Self {
        self.timeout = Some(Duration::new(seconds, nanos));
        self
    }

    /// `last`
    #[must_use]
    pub const fn last(mut self) -> Self {
        self.last = true;
        self
    }

    /// The steps of a teardown, if there is more than the impl.
    #[must_use]
    pub const fn steps(mut self, steps: &'static [&'static str]) -> Self {
        self.steps = steps;
        self
    }

    /// What the type depends on.
    #[must_use]
    pub const fn edges(mut self, edges: &'static [Edge]) -> Self {
        self.edges = edges;
        self
    }

    /// What a generic type depends on.
    #[must_use]
    pub const fn generic(mut self, collect: fn(&mut Needs)) -> Self {
        self.generic = true;
        self.collect = collect;
        self
    }

    /// The declaration of nothing: where there has to be one and it is never read.
    pub const NOTHING: Link = Link::to(&NOTHING);
}

static NOTHING: Declaration = Declaration::new::<()>("", "");

/// Why one type depends on another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NeedReason {
    /// A field holds a handle: its name, or its index in a tuple struct.
    Field(&'static str),
    /// `depends_on(..)` says so.
    DependsOn,
}

impl From<NeedReason> for Why {
    fn from(reason: NeedReason) -> Why {
        match reason {
            NeedReason::Field(field) => Why::Field(field),
            NeedReason::DependsOn => Why::DependsOn,
        }
    }
}

/// A type that another one depends on.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The type.
    pub type_id: TypeId,
    /// What it declares.
    pub declaration: &'static Declaration,
    /// How the dependency came about.
    pub reason: NeedReason,
}

/// What a type depends on, each type once, for the first reason that was found.
#[derive(Debug)]
pub struct Needs {
    owner: TypeId,
    list: Vec<Need>,
}

impl Needs {
    /// What `declaration` depends on.
    pub fn of(declaration: &Declaration) -> Self {
        let mut needs = Self { owner: (declaration.type_id)(), list: Vec::new() };
        needs.extend(declaration.edges);
        (declaration.collect)(&mut needs);
        needs
    }

    /// Adds each type, unless it is there already, or is the owner itself: a handle of one's own type orders instances,
    /// not types (R1).
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

    /// In the order in which they were found: fields first.
    pub fn iter(&self) -> slice::Iter<'_, Need> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Needs {
    type Item = &'a Need;
    type IntoIter = slice::Iter<'a, Need>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What `depends_on` names. A bound asks for the impl and no more; a path would ask for its supertraits again.
#[must_use]
pub const fn link<T: Resource>() -> Link {
    T::LINK
}
