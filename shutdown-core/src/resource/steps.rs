//! The teardown of one instance, step by step. What is generated is a function that begins the step of a number; what
//! goes through the numbers is here, and so is compiled once.

use std::{future::Future, pin::Pin};

use tokio::task;

use super::{Failures, Resource};
use crate::resource::managed::Managed;

/// One step that has begun. Boxed, so that the compiler need not look into it again.
pub type Step<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Runs each step, for itself, and lets go of the instance.
pub(crate) async fn release<T: Resource>(this: Managed<T>) -> Failures {
    let mut failures = Failures::new();
    for (at, step) in T::DECLARATION.steps.iter().enumerate() {
        failures.step(step, || T::__lifecycle_step(&this, &this, at)).await;
    }
    failures.end(this)
}

/// A step that is more than a call.
pub fn later<'a>(step: impl Future<Output = Result<(), String>> + Send + 'a) -> Step<'a> {
    Box::pin(step)
}

/// A step off the async threads, with a handle of its own.
pub fn blocking<T: Resource>(
    this: &Managed<T>,
    run: impl FnOnce(&T) -> Result<(), String> + Send + 'static,
) -> Step<'static> {
    let this = this.clone();
    Box::pin(async move {
        let ended = task::spawn_blocking(move || run(&this)).await;
        ended.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(error.to_string()),
        })
    })
}
