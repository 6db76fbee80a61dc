//! What a resource says about itself, as data that the linked program carries.

use crate::plan::Why;
use std::{any::TypeId, slice, time::Duration};

/// Everything that `#[lifecycle::resource(..)]` says about a type.
#[derive(Debug)]
pub struct Declaration {
    /// `name = ".."`, or the identifier of the struct.
    pub name: &'static str,
    /// Where the struct is, as `module_path!()` has it.
    pub module: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
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
    /// Collects what the type depends on.
    pub needs: fn(&mut Needs),
}

/// The entry of a resource in the registry of the linked program.
///
/// It is a function, and a roundabout one: `Clone::clone` of a type that is made for it. To name the resource in a
/// static would silence rustc's "never constructed" for all of them, and the body of a derived `Clone` is the one
/// place where that lint does not look.
#[derive(Debug)]
pub struct Registered(pub fn() -> &'static Declaration);

inventory::collect!(Registered);

impl Registered {
    /// What the type declares.
    pub fn declaration(&self) -> &'static Declaration {
        (self.0)()
    }
}

impl Declaration {
    /// What `T` declares. A bound asks for the impl and no more; a path would ask for its supertraits again.
    pub fn of<T: super::Resource>() -> &'static Self {
        T::DECLARATION
    }

    /// The declaration of nothing: where there has to be one and it is never read.
    pub const NOTHING: &'static Self = &Self {
        name: "",
        module: "",
        file: "",
        line: 0,
        order: None,
        timeout: None,
        last: false,
        generic: true,
        type_id: TypeId::of::<()>,
        needs: |_| {},
    };
}

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
#[derive(Debug, Default)]
pub struct Needs {
    owner: Option<TypeId>,
    list: Vec<Need>,
}

impl Needs {
    /// What `declaration` depends on.
    pub fn of(declaration: &Declaration) -> Self {
        let mut needs = Self::default();
        (declaration.needs)(&mut needs);
        needs
    }

    /// Says whose needs follow: a handle of one's own type orders instances, not types (R1).
    pub fn of_owner<T: 'static>(&mut self) -> &mut Self {
        self.owner = Some(TypeId::of::<T>());
        self
    }

    /// Adds one, unless it is there already.
    pub fn add(&mut self, declaration: &'static Declaration, reason: NeedReason) {
        let type_id = (declaration.type_id)();
        if self.owner != Some(type_id) && self.list.iter().all(|need| need.type_id != type_id) {
            self.list.push(Need { type_id, declaration, reason });
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
