//! Teardowns without a type: a closure, and what orders it.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::hook::Job;
use super::lifecycle::Lifecycle;
use crate::report::{Failure, FailureKind};
use crate::resource::TeardownOutput;
use crate::resource::managed::Managed;
use crate::sequence::{InstanceId, NO_CLASS, Spec};

/// A teardown given as a closure, to say more of: it counts until the teardown begins. One that is deferred when the
/// cleanup has begun waits for the end of this handle, and so of what is said.
pub struct Deferred {
    id: InstanceId,
    lifecycle: Lifecycle,
}

impl Lifecycle {
    /// See [`defer`](crate::defer).
    #[track_caller]
    pub fn defer<F, Fut>(&self, name: impl Into<Cow<'static, str>>, teardown: F) -> Deferred
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TeardownOutput> + Send + 'static,
    {
        let spec = Spec {
            name: name.into(),
            class: NO_CLASS,
            order: None,
            timeout: None,
            last: false,
            location: Location::caller(),
            needs: Vec::new(),
            unsaid: true,
        };
        let job: Job = Box::new(move || {
            let future = teardown();
            Box::pin(async move {
                let failed = |message| Failure { step: "teardown", kind: FailureKind::Error, message };
                future.await.into_result().err().map(failed).into_iter().collect()
            })
        });
        Deferred { id: self.register_job(spec, job), lifecycle: self.clone() }
    }
}

impl Deferred {
    /// It uses this instance, and so runs before the instance's teardown.
    #[expect(clippy::return_self_not_must_use, reason = "the last call of a chain needs no handle")]
    pub fn uses<T>(self, managed: &Managed<T>) -> Deferred {
        let (a, b) = (self.id, managed.id());
        self.lifecycle.step(|sequence, now, _| sequence.depends_on(now, a, b));
        self
    }

    /// As `#[lifecycle::resource(order = n)]`: after everything with a smaller order, before everything with a
    /// greater one.
    #[expect(clippy::return_self_not_must_use, reason = "the last call of a chain needs no handle")]
    pub fn order(self, order: i32) -> Deferred {
        self.amend(|spec| spec.order = Some(order))
    }

    /// As `#[lifecycle::resource(timeout = "5s")]`: cut off after this time at the latest, and no
    /// less than 1 ms.
    #[expect(clippy::return_self_not_must_use, reason = "the last call of a chain needs no handle")]
    pub fn timeout(self, timeout: Duration) -> Deferred {
        // None at all would leave no time to begin, and so to say that it timed out.
        let timeout = timeout.max(Duration::from_millis(1));
        self.amend(|spec| spec.timeout = Some(timeout))
    }

    /// As `#[lifecycle::resource(last)]`: in the flush, after everything that is not last.
    #[expect(clippy::return_self_not_must_use, reason = "the last call of a chain needs no handle")]
    pub fn last(self) -> Deferred {
        self.amend(|spec| spec.last = true)
    }

    fn amend(self, change: impl FnOnce(&mut Spec)) -> Deferred {
        let id = self.id;
        self.lifecycle.step(|sequence, now, _| sequence.amend(now, id, change));
        self
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        let id = self.id;
        self.lifecycle.step(|sequence, now, inner| sequence.all_said(now, id, inner));
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").finish_non_exhaustive()
    }
}
