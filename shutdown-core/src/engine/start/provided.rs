//! What a `main` provides and takes: the key `provide` of the attribute, and the arguments of `Process::run_with`.

use std::fmt::Display;
use std::time::Duration;

use super::attempt::{Given, StartArgument};
use super::graph::Starting;
use super::{StartError, Startable};
use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainEnd;
use crate::report::Reason;
use crate::resource::Resource;
use crate::resource::managed::Managed;
use crate::sequence::Event;

/// Provides the value of a key `provide` in the current lifecycle.
///
/// # Errors
///
/// Returns how `main` has ended if the value is an error. `main` then fails as a start does.
#[track_caller]
pub fn provide<P: ProvideOutput>(value: P) -> Result<(), MainEnd> {
    let lifecycle = context::expect("provide", Lifecycle::clone);
    match value.into_value() {
        Ok(value) => {
            lifecycle.provide(value);
            Ok(())
        }
        Err(error) => {
            let reason = Reason::StartFailed {
                name: P::Value::DECLARATION.name.into(),
                error,
                attempts: 1,
                took: Duration::ZERO,
                waiting: Vec::new(),
            };
            let error = StartError::of(&reason);
            lifecycle.on(Event::Stop(reason));
            Err(MainEnd::Err(error.to_string()))
        }
    }
}

/// What a key `provide` may have: a resource, or a `Result` of one whose error is `Display`.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: `provide` cannot take a `{Self}`",
    label = "neither a resource nor a `Result` of one whose error is `Display`",
    note = "write `provide = settings()`, where `settings` returns a type with `#[lifecycle::resource(provided)]`"
)]
pub trait ProvideOutput {
    #[doc(hidden)]
    type Value: Resource;

    #[doc(hidden)]
    fn into_value(self) -> Result<Self::Value, String>;
}

#[diagnostic::do_not_recommend]
impl<T: Resource> ProvideOutput for T {
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Resource, E: Display> ProvideOutput for Result<T, E> {
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

/// The argument of the closure of [`Process::run_with`](crate::Process::run_with): a handle, or a tuple of at most four.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: `run_with` cannot pass a `{Self}`",
    label = "neither a `Managed<T>` nor a tuple of at most four of them",
    note = "write `async |orders: Managed<Orders>| ..`, or `async |(orders, cache): (Managed<Orders>, Managed<Cache>)| ..`"
)]
pub trait StartArguments: Sized {
    #[doc(hidden)]
    fn starting() -> Vec<fn() -> &'static Starting>;

    #[doc(hidden)]
    fn take(given: &Given) -> Self;
}

impl<T: Startable> StartArguments for Managed<T> {
    fn starting() -> Vec<fn() -> &'static Starting> {
        vec![<Self as StartArgument>::STARTING]
    }

    fn take(given: &Given) -> Self {
        StartArgument::take(given)
    }
}

macro_rules! tuples {
    ($(($($argument:ident),+),)*) => {$(
        impl<$($argument: StartArgument),+> StartArguments for ($($argument,)+) {
            fn starting() -> Vec<fn() -> &'static Starting> {
                vec![$($argument::STARTING),+]
            }

            fn take(given: &Given) -> Self {
                ($($argument::take(given),)+)
            }
        }
    )*};
}

tuples!((A), (A, B), (A, B, C), (A, B, C, D),);
