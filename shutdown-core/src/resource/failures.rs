//! The steps of one teardown, each isolated from the others (R7).

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt as _;

use super::managed::Managed;
use super::steps::Step;
use crate::report::{Failure, FailureKind};
use crate::sync::catch::panic_message;

/// The failures of the teardown of one instance, in the order of its steps.
#[derive(Default)]
pub(super) struct Failures(Vec<Failure>);

impl Failures {
    /// Runs one step to its end. It records an error or a panic, which ends no other step.
    pub(super) async fn step<'a>(&mut self, step: &'static str, begin: impl FnOnce() -> Step<'a>) {
        let whole = AssertUnwindSafe(async { begin().await });
        match whole.catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(message)) => self.0.push(Failure { step, kind: FailureKind::Error, message }),
            Err(panic) => self.panicked(step, panic),
        }
    }

    /// Drops the handle. If it was the last one, the value is dropped here, and its `Drop` may panic too.
    pub(super) fn end<T>(mut self, this: Managed<T>) -> Vec<Failure> {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(this))) {
            self.panicked("drop", panic);
        }
        self.0
    }

    fn panicked(&mut self, step: &'static str, panic: Box<dyn Any + Send>) {
        let message = panic_message(&*panic);
        self.0.push(Failure { step, kind: FailureKind::Panic, message });
        // A payload is a value of the user, so its `Drop` may panic again. The payload of that second panic is leaked,
        // or this would never end.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            mem::forget(again);
        }
    }
}
