//! Which fields hold handles. The type of the field decides, so an alias works.
//!
//! For types, generated code names `Probe::<Field>::LINKS`. An inherent constant wins over a constant of a trait. So the
//! name means the constant of [`Probe<T>`] if `T` holds handles, and else the constant of [`HoldsNothing`].
//!
//! For values, generated code calls `(&Probe::<Field>::NEW).__lifecycle_held(..)`. Method lookup takes the first impl that
//! fits: the one for `Probe<T>` if `T` holds handles, and else the one for `&Probe<T>`, which finds nothing.
//!
//! Both are decided where the code is written. So a bare type parameter of a generic struct shows nothing.

use std::{any::TypeId, marker::PhantomData, sync::Arc};

use super::Resource;
use super::link::Link;
use super::managed::Managed;
use crate::sequence::InstanceId;

/// The instances whose handles a value holds.
#[derive(Debug, Default)]
pub struct Held(Vec<(TypeId, InstanceId)>);

impl Held {
    /// Lists the instances of one type.
    pub(crate) fn of(&self, class: TypeId) -> impl Iterator<Item = InstanceId> + '_ {
        self.0.iter().filter(move |(held, _)| *held == class).map(|(_, id)| *id)
    }
}

/// A type that holds handles of managed instances.
pub trait Holds {
    /// The types of the handles.
    const LINKS: &'static [Link];

    /// Collects the instances.
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

/// A question about a type.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<fn() -> T>);

impl<T: ?Sized> Clone for Probe<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Probe<T> {}

impl<T: ?Sized> Probe<T> {
    /// Asks the question.
    pub const NEW: Self = Self(PhantomData);
}

impl<T: Holds> Probe<T> {
    /// The types of the handles.
    pub const LINKS: &'static [Link] = T::LINKS;
}

/// The answer for a type that holds no handle.
pub trait HoldsNothing {
    /// There are none.
    const LINKS: &'static [Link] = &[];
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> HoldsNothing for Probe<T> {}

/// The same question about the value of a field.
pub trait ProbeField<T> {
    /// Collects the instances.
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
