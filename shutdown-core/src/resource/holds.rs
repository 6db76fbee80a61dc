//! Which fields hold handles: asked of the field's type, so that an alias is seen through.
//!
//! The generated code calls `(&Probe::<Field>::NEW).__lifecycle_needs(..)`. Method lookup takes the first impl that
//! fits: [`ProbeType`] for `Probe<T>` if `T` holds handles, and one reference further on, the one for `&Probe<T>`,
//! which finds nothing. This is decided where the type is written, so in a generic struct a bare `T` shows nothing.

use std::{any::TypeId, marker::PhantomData, slice, sync::Arc};

use super::{InstanceId, Managed, NeedReason, Needs, Resource};

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
    /// Names the resources, by type.
    fn needs(needs: &mut Needs, field: &'static str);
    /// Names the instances.
    fn held(&self, held: &mut Held);
}

#[diagnostic::do_not_recommend]
impl<B: Resource> Holds for Managed<B> {
    fn needs(needs: &mut Needs, field: &'static str) {
        needs.add(B::DECLARATION, NeedReason::Field(field));
    }

    fn held(&self, held: &mut Held) {
        held.0.push((TypeId::of::<B>(), self.id()));
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Option<T> {
    fn needs(needs: &mut Needs, field: &'static str) {
        T::needs(needs, field);
    }

    fn held(&self, held: &mut Held) {
        if let Some(inner) = self {
            inner.held(held);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Vec<T> {
    fn needs(needs: &mut Needs, field: &'static str) {
        T::needs(needs, field);
    }

    fn held(&self, held: &mut Held) {
        for each in self {
            each.held(held);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Arc<T> {
    fn needs(needs: &mut Needs, field: &'static str) {
        T::needs(needs, field);
    }

    fn held(&self, held: &mut Held) {
        T::held(self, held);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Holds> Holds for Box<T> {
    fn needs(needs: &mut Needs, field: &'static str) {
        T::needs(needs, field);
    }

    fn held(&self, held: &mut Held) {
        T::held(self, held);
    }
}

/// Asks a type.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// The question.
    pub const NEW: Self = Self(PhantomData);
}

/// The answers for fields.
pub trait ProbeField<T> {
    /// The types that the field holds handles of.
    fn __lifecycle_needs(&self, needs: &mut Needs, field: &'static str);
    /// The instances that the field holds handles of.
    fn __lifecycle_held(&self, value: &T, held: &mut Held);
}

#[diagnostic::do_not_recommend]
impl<T: Holds> ProbeField<T> for Probe<T> {
    fn __lifecycle_needs(&self, needs: &mut Needs, field: &'static str) {
        T::needs(needs, field);
    }

    fn __lifecycle_held(&self, value: &T, held: &mut Held) {
        value.held(held);
    }
}

#[diagnostic::do_not_recommend]
impl<T> ProbeField<T> for &Probe<T> {
    fn __lifecycle_needs(&self, _needs: &mut Needs, _field: &'static str) {}
    fn __lifecycle_held(&self, _value: &T, _held: &mut Held) {}
}
