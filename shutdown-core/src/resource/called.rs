//! How the call of a method that a key names is read: a future or not (R30, R31).
//!
//! Only the compiler knows the type of the value. Generated code asks by a method call: an inherent method wins over a
//! method of a trait, so a future finds [`Called::__lifecycle_kind`], and every other value finds the one of [`Plain`].

use std::future::IntoFuture;
use std::marker::PhantomData;

/// The value that a call returned.
#[derive(Debug)]
pub struct Called<T>(PhantomData<T>);

impl<T> Called<T> {
    /// Asks for the kind of a value.
    pub fn value(_value: &T) -> Self {
        Self(PhantomData)
    }
}

impl<F: IntoFuture> Called<F> {
    /// Returns the kind of a future.
    pub fn __lifecycle_kind(&self) -> Awaited {
        Awaited
    }
}

/// The kind of a value that is not a future.
pub trait Plain {
    /// Returns the kind.
    fn __lifecycle_kind(&self) -> NotAwaited;
}

#[diagnostic::do_not_recommend]
impl<T> Plain for Called<T> {
    fn __lifecycle_kind(&self) -> NotAwaited {
        NotAwaited
    }
}

/// A future.
#[derive(Debug)]
pub struct Awaited;

/// A value that is there.
#[derive(Debug)]
pub struct NotAwaited;
