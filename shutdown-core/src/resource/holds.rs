//! Which fields hold handles: asked of the field's type, so that an alias is seen through.
//!
//! The generated code names `Probe::<Field>::LINKS`. What is inherent comes before what a trait has: the constant of
//! [`Probe<T>`] if `T` holds handles, else the one of [`HoldsNothing`]. For values it calls
//! `(&Probe::<Field>::NEW).__lifecycle_held(..)`, where method lookup takes the first impl that fits: for `Probe<T>` if
//! `T` holds handles, and one reference further on, the one for `&Probe<T>`, which finds nothing. Both are decided where
//! the type is written, so in a generic struct a bare `T` shows nothing.

use std::{any::TypeId, marker::PhantomData, slice, sync::Arc};

use super::{InstanceId, Link, Managed, Resource};

/// The instances that a value holds a handle of.
#[derive(Debug, Default)]
pub struct Held(Vec<(TypeId, InstanceId)>);

impl Held {
    /// Those of one type.
    pub(crate) fn of(&self, class: TypeId) -> impl Iterator<Item = InstanceId> + '_ {
        self.0.iter().filter(move |(held, _)| *held == class).map(|(_, id)| *id)
    }

    /// In the order of the fields.
    pub fn iter(&self) -> slice::Iter<'_, (TypeId, InstanceId)> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Held {
    type Item = &'a (TypeId, InstanceId);
    type IntoIter = slice::Iter<'a, (TypeId, InstanceId)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A type that holds handles of managed instances.
pub trait Holds {
    /// The resources, by type.
    const LINKS: &'static [Link];

    /// Names the instances.
    fn held(&self, held: &mut Held);
}

#[diagnostic::do_not_recommend]
impl<B: Resource> Holds for Managed<B> {
    const LINKS: &'static [Link] = &[B::LINK];

    fn held(&self, held: &mut Held) {
        held.0.push((TypeId::of::<B>(), self.id()));
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Option<T> {
    const LINKS: &'static [Link] = T::LINKS;

    fn held(&self, held: &mut Held) {
        if let Some(inner) = self {
            inner.held(held);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Vec<T> {
    const LINKS: &'static [Link] = T::LINKS;

    fn held(&self, held: &mut Held) {
        for each in self {
            each.held(held);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Arc<T> {
    const LINKS: &'static [Link] = T::LINKS;

    fn held(&self, held: &mut Held) {
        T::held(self, held);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Box<T> {
    const LINKS: &'static [Link] = T::LINKS;

    fn held(&self, held: &mut Held) {
        T::held(self, held);
    }
}

/// Asks a type.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<fn() -> T>);

impl<T: ?Sized> Clone for Probe<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Probe<T> {}

impl<T: ?Sized> Probe<T> {
    /// The question.
    pub const NEW: Self = Self(PhantomData);
}

impl<T: Holds> Probe<T> {
    /// The types that it holds handles of.
    pub const LINKS: &'static [Link] = T::LINKS;
}

/// The answer of a type that holds no handle: what is inherent comes first.
pub trait HoldsNothing {
    /// None.
    const LINKS: &'static [Link] = &[];
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> HoldsNothing for Probe<T> {}

/// The instances that a field holds handles of.
pub trait ProbeField<T> {
    /// Names them.
    fn __lifecycle_held(&self, value: &T, held: &mut Held);
}

#[diagnostic::do_not_recommend]
impl<T: Holds> ProbeField<T> for Probe<T> {
    fn __lifecycle_held(&self, value: &T, held: &mut Held) {
        value.held(held);
    }
}

#[diagnostic::do_not_recommend]
impl<T> ProbeField<T> for &Probe<T> {
    fn __lifecycle_held(&self, _value: &T, _held: &mut Held) {}
}
