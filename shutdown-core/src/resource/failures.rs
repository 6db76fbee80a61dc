//! The steps of one teardown, each isolated from the others (R7).

use std::{slice, vec};

use super::Step;
use crate::report::{Failure, FailureKind};
use crate::resource::managed::Managed;
use crate::sync::catch::{Panic, catch, catch_async};

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
    pub(crate) async fn step<'a>(&mut self, step: &'static str, begin: impl FnOnce() -> Step<'a>) {
        match catch_async(async { begin().await }).await {
            Ok(Ok(())) => {}
            Ok(Err(message)) => self.0.push(Failure { step, kind: FailureKind::Error, message }),
            Err(panic) => self.panicked(step, &panic),
        }
    }

    /// Lets go of the instance. If this was the last handle, the value is dropped here, and a `Drop` may panic too.
    #[must_use]
    pub(crate) fn end<T>(mut self, this: Managed<T>) -> Self {
        if let Err(panic) = catch(|| drop(this)) {
            self.panicked("drop", &panic);
        }
        self
    }

    fn panicked(&mut self, step: &'static str, panic: &Panic) {
        self.0.push(Failure { step, kind: FailureKind::Panic, message: panic.message() });
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
