//! The teardown of one instance, step by step.
//!
//! Generated code only begins the step with a given number. The loop over the steps is here, so that it is compiled
//! once for each type and not written into the user's crate.

use std::future::{Future, ready};
use std::pin::Pin;

use tokio::task;

use super::failures::Failures;
use super::holds::Probe;
use super::managed::Managed;
use super::scope::TeardownScope;
use super::{Resource, Teardown};
use crate::report::Failure;

/// A step that has begun. It is boxed, so that the compiler does not look into its type again.
pub type Step<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Runs every step of a teardown, and drops the handle.
pub(crate) async fn tear_down<T: Resource>(this: Managed<T>) -> Vec<Failure> {
    let mut failures = Failures::default();
    for (at, step) in T::DECLARATION.steps.iter().enumerate() {
        failures.step(step, || T::__lifecycle_step(&this, &this, at)).await;
    }
    failures.end(this)
}

/// Runs the hook of an instance at the notice, and drops the handle.
pub(crate) async fn at_notice<T: Resource>(this: Managed<T>, step: &'static str) -> Vec<Failure> {
    let mut failures = Failures::default();
    failures.step(step, || T::__lifecycle_at_notice(&this)).await;
    failures.end(this)
}

/// Makes a step of a future.
pub fn later<'a>(step: impl Future<Output = Result<(), String>> + Send + 'a) -> Step<'a> {
    Box::pin(step)
}

/// Makes a step that runs on a blocking thread. It gets a handle of its own.
pub fn blocking<T: Resource>(
    this: &Managed<T>,
    run: impl FnOnce(&T) -> Result<(), String> + Send + 'static,
) -> Step<'static> {
    let (this, scope) = (this.clone(), TeardownScope::current());
    Box::pin(async move {
        let ended = task::spawn_blocking(move || scope.enter(|| run(&this))).await;
        ended.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(error.to_string()),
        })
    })
}

impl<T: Teardown + Resource> Probe<T> {
    /// Begins the `teardown` of a resource that has one. An inherent constant wins over the one of [`NoOwn`].
    pub const OWN: fn(&T) -> Step<'_> = T::__lifecycle_own;
}

/// The step of a resource that does not implement [`Teardown`].
pub trait NoOwn<T> {
    /// Does nothing.
    const OWN: fn(&T) -> Step<'_> = |_| Box::pin(ready(Ok(())));
}

#[diagnostic::do_not_recommend]
impl<T> NoOwn<T> for Probe<T> {}
