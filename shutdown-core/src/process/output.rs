//! Reads the value that `main` returns.
//!
//! Only the compiler knows its type. Generated code asks with references in front of the question, and method lookup
//! takes the first impl that fits.

#![expect(clippy::unused_self, reason = "the kind of a value is what its method is found by")]

use std::process::Termination;

use crate::engine::output::{MainEnd, MainOutput};
use crate::resource::holds::Probe;

/// The kind of the value that `main` returns.
pub trait ProbeMain {
    /// One of the kinds.
    type Kind;
    /// Returns the kind.
    fn __lifecycle_main(&self) -> Self::Kind;
}

/// The kind of `()`, of an exit code, and of a `Result` of those.
#[derive(Debug)]
pub struct Simple;

/// The kind of any other [`Termination`].
#[derive(Debug)]
pub struct Ends;

/// The kind of any other value. [`MainReturn`] refuses it, at a better place.
#[derive(Debug)]
pub struct Refused;

#[diagnostic::do_not_recommend]
impl<T: MainOutput> ProbeMain for &&Probe<T> {
    type Kind = Simple;

    fn __lifecycle_main(&self) -> Simple {
        Simple
    }
}

#[diagnostic::do_not_recommend]
impl<T: Termination> ProbeMain for &Probe<T> {
    type Kind = Ends;

    fn __lifecycle_main(&self) -> Ends {
        Ends
    }
}

#[diagnostic::do_not_recommend]
impl<T> ProbeMain for Probe<T> {
    type Kind = Refused;

    fn __lifecycle_main(&self) -> Refused {
        Refused
    }
}

/// The return types of `main`.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: `main` cannot return `{Self}`",
    label = "does not end a program",
    note = "return `()`, `Result<(), E>` where `E: Debug`, or any `std::process::Termination`"
)]
pub trait MainReturn {
    /// The constant that generated code names, so that rustc asks for this trait.
    const CHECK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Termination> MainReturn for T {}

impl Simple {
    /// Returns how `main` ended.
    pub fn end<T: MainOutput>(self, value: T) -> MainEnd {
        value.into_end()
    }
}

impl Ends {
    /// Returns how `main` ended.
    pub fn end<T: Termination>(self, value: T) -> MainEnd {
        MainEnd::Code(value.report())
    }
}

impl Refused {
    /// Is never called: a program with such a `main` does not compile.
    pub fn end<T>(self, _value: T) -> MainEnd {
        MainEnd::Ok
    }
}
