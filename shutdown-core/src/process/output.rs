//! How the value that `main` returns is read.

#![expect(clippy::unused_self, reason = "the kind of a value is what its method is found by")]

use std::{
    fmt::Debug,
    process::{ExitCode, Termination},
};

use super::MainEnd;
use crate::resource::holds::Probe;

/// How the value of `main` is read.
pub trait ProbeMain {
    /// What reads it.
    type Kind;
    /// The kind as a value.
    fn __lifecycle_main(&self) -> Self::Kind;
}

/// `()`, an exit code, or a `Result` of those.
#[derive(Debug)]
pub struct Simple;

/// Anything else that ends a program.
#[derive(Debug)]
pub struct Ends;

/// What [`MainReturn`] refuses, at a better place.
#[derive(Debug)]
pub struct Refused;

#[diagnostic::do_not_recommend]
impl<T: MainValue> ProbeMain for &&Probe<T> {
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

/// What `main` may return, when an exit code alone would lose something.
pub trait MainValue {
    /// How `main` ended.
    fn end(self) -> MainEnd;
}

impl MainValue for () {
    fn end(self) -> MainEnd {
        MainEnd::Ok
    }
}

impl MainValue for ExitCode {
    fn end(self) -> MainEnd {
        MainEnd::Code(self)
    }
}

impl<T: MainValue, E: Debug> MainValue for Result<T, E> {
    fn end(self) -> MainEnd {
        match self {
            Ok(value) => value.end(),
            Err(error) => MainEnd::Err(format!("{error:?}")),
        }
    }
}

/// What `main` may return at all.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: `main` cannot return `{Self}`",
    label = "not an end of a program",
    note = "return `()`, `Result<(), E>` where `E: Debug`, or anything that is `std::process::Termination`"
)]
pub trait MainReturn {
    /// What generated code names, to ask for this trait.
    const CHECK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Termination> MainReturn for T {}

impl Simple {
    /// How `main` ended.
    pub fn end<T: MainValue>(self, value: T) -> MainEnd {
        value.end()
    }
}

impl Ends {
    /// How `main` ended.
    pub fn end<T: Termination>(self, value: T) -> MainEnd {
        MainEnd::Code(value.report())
    }
}

impl Refused {
    /// Never called: what gets here does not compile.
    pub fn end<T>(self, _value: T) -> MainEnd {
        MainEnd::Ok
    }
}
