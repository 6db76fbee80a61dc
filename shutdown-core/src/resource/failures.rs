//! The steps of one teardown, each isolated from the others (R7).

use super::managed::Managed;
use super::scope::TeardownScope;
use super::steps::Step;
use crate::report::{Failure, FailureKind};
use crate::sync::catch::{Panic, catch, catch_async};

/// The failures of the teardown of one instance, in the order of its steps.
#[derive(Default)]
pub(super) struct Failures(Vec<Failure>);

impl Failures {
    /// Runs one step to its end. It records an error or a panic, which ends no other step.
    pub(super) async fn step<'a>(&mut self, step: &'static str, begin: impl FnOnce() -> Step<'a>) {
        TeardownScope::enter_step(step);
        match catch_async(async { begin().await }).await {
            Ok(Ok(())) => {}
            Ok(Err(message)) => self.0.push(Failure { step, kind: FailureKind::Error, message }),
            Err(panic) => self.panicked(step, &panic),
        }
    }

    /// Drops the handle. If it was the last one, the value is dropped here, and its `Drop` may panic too.
    pub(super) fn end<T>(mut self, this: Managed<T>) -> Vec<Failure> {
        if let Err(panic) = catch(|| drop(this)) {
            self.panicked("drop", &panic);
        }
        self.0
    }

    fn panicked(&mut self, step: &'static str, panic: &Panic) {
        self.0.push(Failure { step, kind: FailureKind::Panic, message: panic.message() });
    }
}
