//! Reading a value whose type only the compiler knows.
//!
//! Each question is asked with a number of references in front; method lookup removes them one by one and takes the
//! first impl that fits, so an impl for `&&Probe<..>` comes before one for `&Probe<..>`.

#![expect(clippy::unused_self, reason = "the kind of a value is what its method is found by")]

use std::{
    fmt::{Debug, Display},
    future::{Future, IntoFuture, Ready, ready},
    process::{ExitCode, Termination},
};

use tokio::runtime::Handle;

use super::{Failures, Granted, Probe, Teardown};
use crate::__private::MainEnd;

impl<T> Probe<T> {
    /// Asks the type of a value.
    pub fn value(_value: &T) -> Self {
        Self::NEW
    }
}

/// Whether a value is to be awaited.
pub trait ProbeFuture {
    /// `Awaited` or `Plain`.
    type Kind;
    /// The kind as a value.
    fn __lifecycle_kind(&self) -> Self::Kind;
}

/// A value that is to be awaited.
#[derive(Debug)]
pub struct Awaited;

/// A value that is there.
#[derive(Debug)]
pub struct Plain;

#[diagnostic::do_not_recommend]
impl<T: IntoFuture> ProbeFuture for Probe<T> {
    type Kind = Awaited;

    fn __lifecycle_kind(&self) -> Awaited {
        Awaited
    }
}

#[diagnostic::do_not_recommend]
impl<T> ProbeFuture for &Probe<T> {
    type Kind = Plain;

    fn __lifecycle_kind(&self) -> Plain {
        Plain
    }
}

impl Awaited {
    /// The future of the value.
    pub fn settle<F: IntoFuture>(self, value: F) -> F::IntoFuture {
        value.into_future()
    }

    /// Waits for the value, on a thread that may block.
    pub fn block<F: IntoFuture>(self, value: F) -> F::Output {
        Handle::current().block_on(value.into_future())
    }
}

impl Plain {
    /// A future of what is there.
    pub fn settle<T>(self, value: T) -> Ready<T> {
        ready(value)
    }

    /// What is there.
    pub fn block<T>(self, value: T) -> T {
        value
    }
}

/// A value that may be an error.
#[derive(Debug)]
pub struct Settled<T>(pub T);

/// The error that a value is, in words.
pub trait Outcome {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The text of the error that the value is.
    fn __lifecycle_outcome(&self) -> Result<(), String>;
}

#[diagnostic::do_not_recommend]
impl<T, E: Display> Outcome for &&Settled<Result<T, E>> {
    fn __lifecycle_outcome(&self) -> Result<(), String> {
        // The alternate form is what makes `anyhow` and its like print the causes too.
        self.0.as_ref().map(drop).map_err(|error| format!("{error:#}"))
    }
}

#[diagnostic::do_not_recommend]
impl<T, E: Debug> Outcome for &Settled<Result<T, E>> {
    fn __lifecycle_outcome(&self) -> Result<(), String> {
        self.0.as_ref().map(drop).map_err(|error| format!("{error:?}"))
    }
}

#[diagnostic::do_not_recommend]
impl<T> Outcome for Settled<T> {
    fn __lifecycle_outcome(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Whether a resource has a `teardown` of its own.
pub trait ProbeOwn {
    /// `Own` or `NoOwn`.
    type Kind;
    /// The kind as a value.
    fn __lifecycle_own(&self) -> Self::Kind;
}

/// It has.
#[derive(Debug)]
pub struct Own;

/// It has not.
#[derive(Debug)]
pub struct NoOwn;

#[diagnostic::do_not_recommend]
impl<T: Teardown> ProbeOwn for Probe<T> {
    type Kind = Own;

    fn __lifecycle_own(&self) -> Own {
        Own
    }
}

#[diagnostic::do_not_recommend]
impl<T> ProbeOwn for &Probe<T> {
    type Kind = NoOwn;

    fn __lifecycle_own(&self) -> NoOwn {
        NoOwn
    }
}

impl Own {
    /// Runs it.
    pub fn run<T>(self, this: &T, failures: &mut Failures) -> impl Future<Output = ()> + Send
    where
        T: Teardown + for<'a> Granted<'a>,
    {
        this.__lifecycle_own(failures)
    }
}

impl NoOwn {
    /// Nothing to run.
    pub fn run<T>(self, _this: &T, _failures: &mut Failures) -> Ready<()> {
        ready(())
    }
}

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
    message = "lifecycle::bad_attribute: `main` cannot return `{Self}`",
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
