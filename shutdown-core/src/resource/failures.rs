//! The steps of one teardown, each isolated from the others (R7).

use std::{
    any::Any,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    slice, vec,
};

use futures_util::FutureExt;
use tokio::task;

use super::Resource;
use crate::hook::panic_message;
use crate::managed::Managed;
use crate::report::{Failure, FailureKind};

/// What went wrong in the teardown of one instance; empty if nothing did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Failures(Vec<Failure>);

impl Failures {
    /// None so far.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether every step went well.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of the steps.
    pub(crate) fn into_vec(self) -> Vec<Failure> {
        self.0
    }

    /// In the order of the steps.
    pub fn iter(&self) -> slice::Iter<'_, Failure> {
        self.0.iter()
    }

    /// Runs one step to its end; an error or a panic is kept, and goes no further.
    pub async fn step(&mut self, step: &'static str, future: impl Future<Output = Result<(), String>>) {
        match AssertUnwindSafe(future).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(message)) => self.0.push(Failure { step, kind: FailureKind::Error, message }),
            Err(panic) => self.panicked(step, panic),
        }
    }

    /// Runs one step off the async threads, with a handle of its own.
    pub async fn blocking<T: Resource>(
        &mut self,
        step: &'static str,
        this: &Managed<T>,
        run: impl FnOnce(&T) -> Result<(), String> + Send + 'static,
    ) {
        let this = this.clone();
        match task::spawn_blocking(move || run(&this)).await {
            Ok(Ok(())) => {}
            Ok(Err(message)) => self.0.push(Failure { step, kind: FailureKind::Error, message }),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => self.panicked(step, panic),
                Err(error) => {
                    self.0.push(Failure { step, kind: FailureKind::Error, message: error.to_string() });
                }
            },
        }
    }

    /// Lets go of the instance. If this was the last handle, the value is dropped here, and a `Drop` may panic too.
    #[must_use]
    pub fn end<T>(mut self, this: Managed<T>) -> Self {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(this))) {
            self.panicked("drop", panic);
        }
        self
    }

    fn panicked(&mut self, step: &'static str, panic: Box<dyn Any + Send>) {
        let message = panic_message(&*panic);
        self.0.push(Failure { step, kind: FailureKind::Panic, message });
        // A payload is a user's value, whose `Drop` may panic; what that panic carries is leaked, or it would never end.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            mem::forget(again);
        }
    }
}

impl IntoIterator for Failures {
    type Item = Failure;
    type IntoIter = vec::IntoIter<Failure>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Failures {
    type Item = &'a Failure;
    type IntoIter = slice::Iter<'a, Failure>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
