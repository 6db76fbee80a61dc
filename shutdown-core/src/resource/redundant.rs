//! Warnings about `depends_on`: a dependency that a field says already, and one that is given twice under two names.
//!
//! A warning that depends on a type is a deprecated function that is called for some types only: the generated code
//! says `Check::<{ Implied::<Field, Dependency>::__LIFECYCLE_YES }>::implied_dependency()`.

use std::{marker::PhantomData, sync::Arc};

use crate::resource::managed::Managed;

/// A field's type that holds a handle of `D`.
pub trait HoldsA<D> {}

impl<D> HoldsA<D> for Managed<D> {}
impl<D, T: HoldsA<D>> HoldsA<D> for Option<T> {}
impl<D, T: HoldsA<D>> HoldsA<D> for Vec<T> {}
impl<D, T: HoldsA<D>> HoldsA<D> for Arc<T> {}
impl<D, T: HoldsA<D>> HoldsA<D> for Box<T> {}

/// Asks whether a field's type holds a handle of `D`.
#[derive(Debug)]
pub struct Implied<F, D>(PhantomData<fn(F, D)>);

impl<F: HoldsA<D>, D> Implied<F, D> {
    /// It does.
    pub const __LIFECYCLE_YES: bool = true;
}

/// Asks whether two names mean one type.
#[derive(Debug)]
pub struct Same<A, B>(PhantomData<fn(A, B)>);

impl<T> Same<T, T> {
    /// They do.
    pub const __LIFECYCLE_YES: bool = true;
}

/// The answers where the types give none.
pub trait No {
    /// No.
    const __LIFECYCLE_YES: bool = false;
}

impl<F, D> No for Implied<F, D> {}
impl<A, B> No for Same<A, B> {}

/// What to warn of.
#[derive(Debug)]
pub struct Check<const FOUND: bool>;

impl Check<false> {
    /// Nothing.
    pub const fn implied_dependency() {}

    /// Nothing.
    pub const fn duplicate_dependency() {}
}

impl Check<true> {
    /// A field of type `Managed<..>` is a dependency already.
    #[deprecated(
        note = "a field holds a `Managed` of this resource, which is the dependency; remove it from \
                         `depends_on`, or say `allow(implied_dependency)` in the attribute"
    )]
    pub const fn implied_dependency() {}

    /// The same resource under another name.
    #[deprecated(note = "this resource is in `depends_on` already, under another name; remove one, or say \
                         `allow(duplicate_dependency)` in the attribute")]
    pub const fn duplicate_dependency() {}
}
