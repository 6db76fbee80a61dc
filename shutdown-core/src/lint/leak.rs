//! What is known of the type of a field, for the lint `unreleased_field`.
//!
//! Generated code names `Leaks::<Field>::__LIFECYCLE_FOUND`. An inherent constant wins over a constant of a trait. So
//! the name means the constant of [`Leaks`] if the type needs release, and else the constant of [`Otherwise`]. The type
//! decides, under any alias. [`Released`], [`Memory`] and [`Touches`] work in the same way. The constants have a
//! prefix, because a trait of the user may have a constant of the same name for every type.
//!
//! The parameter `List` says whose list of known types counts. `known_types!` makes a type for the list of a user's
//! crate. An impl for a type of another crate is legal, because that parameter is local to the user's crate. Every
//! type that this crate knows is on every list.

use std::marker::PhantomData;

use crate::resource::Teardown;
use crate::resource::touched::Touched;

/// What is lost if a value is not released, and how it is released.
#[derive(Clone, Copy, Debug)]
pub struct Leak {
    /// The type, by its full path.
    pub(super) ty: &'static str,
    /// What is lost: a clause in lower case.
    pub(super) lost: &'static str,
    /// What releases it: a clause in the third person.
    pub(super) does: &'static str,
    /// The type that the field needs for a bare `#[teardown]`. It is empty if there is none.
    pub(super) form: &'static str,
    /// A lock in which the type is released as well, if `form` is not a lock. It is empty if there is none.
    pub(super) locked: &'static str,
    /// The fields of plain structs around the value, from the outermost.
    path: [(&'static str, &'static str); DEPTH],
    path_length: usize,
    /// The wrappers around the value, from the outermost.
    wrappers: [Wrapper; DEPTH],
    /// How many wrappers there are. Only the first [`DEPTH`] are kept.
    wrapper_count: usize,
}

/// How many nested plain structs, and how many nested wrappers, a message names.
const DEPTH: usize = 4;

/// A wrapper around a value, and what happens to it when the value moves into a [`Slot`](crate::Slot).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrapper {
    /// Stays. The two texts stand before and after the value.
    Stays(&'static str, &'static str),
    /// Stays, and a bare `#[teardown]` releases it inside a `Mutex` as well.
    Several(&'static str, &'static str),
    /// Goes, because a `Slot` is a lock itself.
    Lock,
    /// A tuple, which has no release of its own.
    Tuple,
    /// Goes, because it is not needed any more.
    Goes,
}

impl Leak {
    /// Describes a type.
    pub const fn new(ty: &'static str, lost: &'static str, does: &'static str, form: &'static str) -> Self {
        Self {
            ty,
            lost,
            does,
            form,
            locked: "",
            path: [("", ""); DEPTH],
            path_length: 0,
            wrappers: [Wrapper::Goes; DEPTH],
            wrapper_count: 0,
        }
    }

    /// Adds the lock in which the type is released as well.
    #[must_use]
    pub const fn locked(self, locked: &'static str) -> Self {
        Self { locked, ..self }
    }

    /// Returns what is lost, or `None` if it is only a buffer for memory.
    #[must_use]
    pub const fn unless(found: Option<Self>, in_memory: bool) -> Option<Self> {
        if in_memory { None } else { found }
    }

    /// Returns the first element of a tuple that needs release.
    #[must_use]
    pub const fn element(found: &[Option<Self>]) -> Option<Self> {
        let mut at = 0;
        while at < found.len() {
            if let Some(leak) = found[at] {
                return Some(leak.wrapped(Wrapper::Tuple));
            }
            at += 1;
        }
        None
    }

    /// Returns the first field of a plain struct that needs release.
    pub const fn first(owner: &'static str, fields: &[(Option<Self>, &'static str)]) -> Option<Self> {
        let mut at = 0;
        while at < fields.len() {
            if let (Some(leak), field) = fields[at] {
                return Some(leak.inside(owner, field));
            }
            at += 1;
        }
        None
    }

    /// Adds a wrapper around the value.
    #[must_use]
    pub(crate) const fn wrapped(mut self, wrapper: Wrapper) -> Self {
        let mut at = DEPTH - 1;
        while at > 0 {
            self.wrappers[at] = self.wrappers[at - 1];
            at -= 1;
        }
        self.wrappers[0] = wrapper;
        self.wrapper_count += 1;
        self
    }

    /// Adds a field of a plain struct around the value.
    const fn inside(mut self, owner: &'static str, field: &'static str) -> Self {
        let mut at = DEPTH - 1;
        while at > 0 {
            self.path[at] = self.path[at - 1];
            at -= 1;
        }
        self.path[0] = (owner, field);
        if self.path_length < DEPTH {
            self.path_length += 1;
        }
        self
    }

    /// Lists the plain structs around the value, and the field of each.
    pub(super) const fn path(&self) -> &[(&'static str, &'static str)] {
        self.path.split_at(self.path_length).0
    }

    /// Lists the wrappers around the value, or returns `None` if there are too many.
    pub(super) const fn wrappers(&self) -> Option<&[Wrapper]> {
        match self.wrapper_count <= DEPTH {
            true => Some(self.wrappers.split_at(self.wrapper_count).0),
            false => None,
        }
    }

    /// Returns whether the value is in a tuple.
    pub(super) const fn is_in_a_tuple(&self) -> bool {
        matches!(self.wrappers[0], Wrapper::Tuple)
    }
}

/// The list of known types of a crate without `known_types!`.
#[derive(Debug)]
pub struct NoList;

/// The crate of a resource, by its list of known types.
pub trait Lists {
    /// The list.
    type List;
}

/// A type whose values have to be released before they are dropped.
pub trait NeedsRelease<List> {
    /// What is lost, if anything is.
    const LEAK: Option<Leak>;
}

/// A question about a type: does it need release?
#[derive(Debug)]
pub struct Leaks<T: ?Sized, List>(PhantomData<fn(&T, List)>);

impl<List, T: NeedsRelease<List> + ?Sized> Leaks<T, List> {
    /// What is lost.
    pub const __LIFECYCLE_FOUND: Option<Leak> = T::LEAK;
    /// The type is known, even if nothing is lost.
    pub const __LIFECYCLE_KNOWN: bool = true;
}

/// A question about a type: does a bare `#[teardown]` release it?
#[derive(Debug)]
pub struct Released<T: ?Sized, List>(PhantomData<fn(&T, List)>);

/// A writer whose bytes are lost with the process in any case.
pub trait WritesToMemory {}

/// A type that only buffers for such a writer, also inside of wrappers.
pub trait HoldsMemory {}

/// A question about a type: does it buffer only for memory?
#[derive(Debug)]
pub struct Memory<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: HoldsMemory + ?Sized> Memory<T> {
    /// It does.
    pub const __LIFECYCLE_MEMORY: bool = true;
}

/// A question about a type: does it write to memory?
#[derive(Debug)]
pub struct Writes<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: WritesToMemory + ?Sized> Writes<T> {
    /// It does.
    pub const __LIFECYCLE_MEMORY: bool = true;
}

/// A question about a resource: which fields does its `teardown` name?
#[derive(Debug)]
pub struct Touches<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: Teardown> Touches<T> {
    /// The fields that the impl names.
    pub const __LIFECYCLE_FIELDS: Touched = T::__LIFECYCLE_TOUCHED;
}

/// The answers for a type that has none of its own.
pub trait Otherwise {
    /// Nothing is lost.
    const __LIFECYCLE_FOUND: Option<Leak> = None;
    /// The type is not known.
    const __LIFECYCLE_KNOWN: bool = false;
    /// A bare `#[teardown]` does not release it.
    const __LIFECYCLE_BARE: bool = false;
    /// It does not write to memory, nor buffer for it.
    const __LIFECYCLE_MEMORY: bool = false;
    /// There is no impl.
    const __LIFECYCLE_FIELDS: Touched = Touched::NoImpl;
}

impl<T: ?Sized, List> Otherwise for Leaks<T, List> {}
impl<T: ?Sized, List> Otherwise for Released<T, List> {}
impl<T: ?Sized> Otherwise for Memory<T> {}
impl<T: ?Sized> Otherwise for Writes<T> {}
impl<T: ?Sized> Otherwise for Touches<T> {}
