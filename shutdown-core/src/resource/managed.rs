//! Managed instances: handed over once, torn down exactly once (R6).

#![expect(unsafe_code, reason = "a handle is thread-safe because its resource is; the proof is at the impls")]

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;

use crate::engine::context::Scoped;
use crate::engine::hook::{Hook, Job};
use crate::engine::lifecycle::{Inner, Lifecycle};
use crate::plan::Why;
use crate::report::Outcome;
use crate::resource::{self, Declaration, Held, Mark, Needs, Resource};
use crate::sequence::{Event, InstanceId, NO_CLASS, Released, Spec};

/// A value whose teardown is the lifecycle's business. Clones are the same instance; it derefs to the value.
///
/// A struct that holds a `Managed<Database>` and is a resource itself is torn down before every `Database`: the
/// dependency is the field.
pub struct Managed<T>(Arc<Shared<T>>);

// SAFETY: a resource is `Send` and `Sync`, by the bound of its trait, and so is an `Arc` of it and of what else there is
// (see below). By rule the compiler would look through every handle into the value behind it, and on into the handles
// that this holds: in a chain of a hundred it gives up (E0275), and before that it takes time that grows by the square.
unsafe impl<T: Resource> Send for Managed<T> {}
// SAFETY: as above.
unsafe impl<T: Resource> Sync for Managed<T> {}

const _: () = {
    const fn is_thread_safe<T: Send + Sync>() {}
    const fn so_is_the_rest<T: Send + Sync>() {
        is_thread_safe::<Arc<Shared<T>>>();
    }
    so_is_the_rest::<()>();
};

struct Shared<T> {
    value: T,
    id: InstanceId,
    lifecycle: Weak<Inner>,
    hook: Weak<Hook>,
}

impl<T> Managed<T> {
    pub(crate) fn id(&self) -> InstanceId {
        self.0.id
    }

    /// This instance is torn down before `other`: for a dependency that no type shows, behind a `dyn Trait` or inside
    /// a plain struct. Without effect once the teardown of either has begun.
    pub fn depends_on<U>(&self, other: &Managed<U>) {
        if let Some(lifecycle) = Lifecycle::upgrade(&self.0.lifecycle) {
            let (a, b) = (self.id(), other.id());
            lifecycle.step(|sequence, now, _| sequence.depends_on(now, a, b));
        }
    }

    /// Tears this one instance down now, whatever still holds a clone, and takes it out of the plan: a pool that is
    /// replaced at run time. Within the resource's `timeout`, if it has one. Once the cleanup has begun it is torn down
    /// in its place, and this waits for that.
    ///
    /// # Errors
    ///
    /// What the teardown returned, or that it panicked or ran out of time. The instance is released all the same.
    ///
    /// # Cancel safety
    ///
    /// The teardown runs in a task of its own, and goes on if this future is dropped.
    pub async fn release(self) -> Result<(), TeardownError> {
        let (Some(hook), Some(lifecycle)) = (self.0.hook.upgrade(), Lifecycle::upgrade(&self.0.lifecycle))
        else {
            return Ok(());
        };
        let id = self.id();
        drop(self);
        let released = lifecycle.step(|sequence, now, _| sequence.release(now, id));
        if let Released::Run(hook, timeout) = released {
            let owner = lifecycle.clone();
            let run = async move {
                let outcome = match timeout {
                    Some(timeout) => tokio::time::timeout(timeout, hook.run()).await,
                    None => Ok(hook.run().await),
                };
                let outcome = outcome.unwrap_or(Outcome::TimedOut);
                hook.tell(outcome.clone());
                owner.on(Event::Ended(id, outcome));
            };
            let run: BoxFuture<'static, ()> = Box::pin(Scoped::hook(lifecycle.clone(), id, run));
            lifecycle.runtime().spawn(run);
        }
        match hook.outcome().await {
            Outcome::Ok => Ok(()),
            outcome => Err(TeardownError(outcome)),
        }
    }
}

impl<T> Clone for Managed<T> {
    fn clone(&self) -> Managed<T> {
        Managed(Arc::clone(&self.0))
    }
}

impl<T> Deref for Managed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Managed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Managed").field(&self.0.value).finish()
    }
}

/// A teardown that failed, panicked or ran out of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeardownError(Outcome);

impl TeardownError {
    /// How it ended.
    pub fn outcome(&self) -> &Outcome {
        &self.0
    }
}

impl fmt::Display for TeardownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "teardown: {}", self.0)
    }
}

impl std::error::Error for TeardownError {}

impl Lifecycle {
    /// See [`manage`](crate::manage).
    #[track_caller]
    pub fn manage<T: Resource>(&self, value: T) -> Managed<T> {
        self.manage_named(Cow::Borrowed(T::DECLARATION.name), value, Location::caller())
    }

    /// See [`manage_as`](crate::manage_as).
    #[track_caller]
    pub fn manage_as<T: Resource>(&self, name: impl Into<Cow<'static, str>>, value: T) -> Managed<T> {
        self.manage_named(name.into(), value, Location::caller())
    }

    fn manage_named<T: Resource>(
        &self,
        name: Cow<'static, str>,
        value: T,
        location: &'static Location<'static>,
    ) -> Managed<T> {
        Mark::leave::<T>();
        let declaration = T::DECLARATION;
        let mut held = Held::default();
        value.__lifecycle_holds(&mut held);
        let needs = held.of((declaration.type_id)()).collect();
        let hook = Arc::new(Hook::default());
        let weak = Arc::downgrade(&hook);
        let shared = |id| Managed(Arc::new(Shared { value, id, lifecycle: self.downgrade(), hook: weak }));
        let run = |managed: &Managed<T>| -> Job {
            let managed = managed.clone();
            Box::new(move || Box::pin(async move { resource::release(managed).await.into_vec() }))
        };
        let spec = Spec {
            name,
            class: NO_CLASS,
            order: declaration.order,
            timeout: declaration.timeout,
            last: declaration.last,
            location,
            needs,
            unsaid: false,
        };
        self.register(spec, Some(declaration), hook, shared, run)
    }

    /// Takes an instance into the plan. `make` gives it its number, `job` makes what tears it down.
    pub(crate) fn register<M>(
        &self,
        mut spec: Spec,
        declaration: Option<&'static Declaration>,
        hook: Arc<Hook>,
        make: impl FnOnce(InstanceId) -> M,
        job: impl FnOnce(&M) -> Job,
    ) -> M {
        let (name, location) = (spec.name.clone(), spec.location);
        let (managed, taken) = self.step(|sequence, now, inner| {
            if let Some(declaration) = declaration {
                spec.class = sequence.class((declaration.type_id)(), || needs(declaration));
            }
            let mut managed = None;
            let taken = sequence.manage(
                now,
                spec,
                |id| {
                    let handle = managed.insert(make(id));
                    hook.set_job(job(handle));
                    hook
                },
                inner,
            );
            (managed.expect("an instance is numbered whenever it comes"), taken)
        });
        if taken.is_none() {
            self.too_late(&name, location);
        }
        managed
    }
}

/// What a type depends on, by type.
fn needs(declaration: &Declaration) -> Vec<(std::any::TypeId, Why)> {
    Needs::of(declaration).iter().map(|need| (need.type_id, need.reason.into())).collect()
}
