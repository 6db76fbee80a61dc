//! The handle of a managed instance.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;

use super::Resource;
use crate::report::Outcome;
use crate::sequence::InstanceId;

/// A handle of a managed instance: the lifecycle tears the instance down. Clones are the same instance.
///
/// A handle derefs to the value. A resource with a field `Managed<Database>` is torn down before every `Database`: the
/// field is the dependency.
// It holds a trait object, so that rustc sees at once that a handle is `Send` and `Sync`. Otherwise it would look through every
// handle into the next resource, and give up in a chain of 32 (E0275).
pub struct Managed<T>(Arc<dyn Instance<T>>);

/// An instance, as its handles see it.
trait Instance<T>: Send + Sync {
    fn value(&self) -> &T;
    fn id(&self) -> InstanceId;
    fn owner(&self) -> &dyn Owner;
}

struct Shared<T, O> {
    value: T,
    id: InstanceId,
    owner: O,
}

impl<T: Send + Sync, O: Owner> Instance<T> for Shared<T, O> {
    fn value(&self) -> &T {
        &self.value
    }

    fn id(&self) -> InstanceId {
        self.id
    }

    fn owner(&self) -> &dyn Owner {
        &self.owner
    }
}

/// The port to the engine: all that a handle knows of the lifecycle that owns its instance.
pub(crate) trait Owner: Send + Sync {
    /// Orders the teardown of this instance before that of `other`.
    fn depends_on(&self, other: InstanceId);

    /// Returns a future that tears this instance down, or `None` if that has been done.
    fn release(&self) -> Option<BoxFuture<'static, Outcome>>;
}

impl<T: Send + Sync + 'static> Managed<T> {
    pub(crate) fn new(value: T, id: InstanceId, owner: impl Owner + 'static) -> Managed<T> {
        Managed(Arc::new(Shared { value, id, owner }))
    }
}

impl<T: Resource> Managed<T> {
    /// Returns a handle of a value that no lifecycle manages: nobody ever tears it down.
    ///
    /// A unit test builds a value that holds a handle with it, outside of a lifecycle. A service calls
    /// [`manage`](crate::manage) instead, because a detached value leaks what its teardown would have released.
    ///
    /// | with a detached handle | effect |
    /// |---|---|
    /// | dereference, clone, `Debug` | as of any other handle |
    /// | the last clone is dropped | the value is dropped, without a teardown |
    /// | [`release`](Managed::release) | returns `Ok`, without a teardown |
    /// | [`depends_on`](Managed::depends_on), in both directions | none |
    /// | [`Deferred::uses`](crate::Deferred::uses) | none |
    /// | a field of an instance that is managed | the instance is torn down, and the detached value is not |
    ///
    /// # Examples
    ///
    /// ```
    /// use lifecycle::{Managed, Teardown};
    ///
    /// #[lifecycle::resource]
    /// struct Database {
    ///     rows: u32,
    /// }
    ///
    /// #[lifecycle::teardown]
    /// impl Teardown for Database {
    ///     async fn teardown(&self) {}
    /// }
    ///
    /// struct Handler {
    ///     database: Managed<Database>,
    /// }
    ///
    /// impl Handler {
    ///     fn count(&self) -> u32 {
    ///         self.database.rows
    ///     }
    /// }
    ///
    /// let handler = Handler { database: Managed::detached(Database { rows: 3 }) };
    /// assert_eq!(handler.count(), 3);
    /// ```
    #[doc(alias("mock", "unit test", "fake"))]
    pub fn detached(value: T) -> Managed<T> {
        Managed::new(value, InstanceId::DETACHED, Nobody)
    }
}

/// The owner of a detached value.
struct Nobody;

impl Owner for Nobody {
    fn depends_on(&self, _: InstanceId) {}

    fn release(&self) -> Option<BoxFuture<'static, Outcome>> {
        None
    }
}

/// A handle that does not keep the value after its teardown.
pub(crate) struct WeakManaged<T>(Weak<dyn Instance<T>>);

impl<T> WeakManaged<T> {
    /// Returns the handle, unless the value was dropped.
    pub(crate) fn upgrade(&self) -> Option<Managed<T>> {
        self.0.upgrade().map(Managed)
    }
}

impl<T> Managed<T> {
    /// Returns a handle that does not keep the value.
    pub(crate) fn downgrade(&self) -> WeakManaged<T> {
        WeakManaged(Arc::downgrade(&self.0))
    }

    pub(crate) fn id(&self) -> InstanceId {
        self.0.id()
    }

    /// Orders the teardown of this instance before that of another one, whose type is not known.
    pub(crate) fn depends_on_instance(&self, other: InstanceId) {
        self.0.owner().depends_on(other);
    }

    /// Orders the teardown of this instance before that of `other`.
    ///
    /// It declares a dependency that no type shows: on a handle inside a `dyn Trait` or a plain struct. It has no
    /// effect once either teardown has begun, or if `other` is [detached](Managed::detached) or an instance of another
    /// lifecycle.
    pub fn depends_on<U>(&self, other: &Managed<U>) {
        self.0.owner().depends_on(other.id());
    }

    /// Tears this instance down now, and takes it out of the plan.
    ///
    /// It is for an instance that is replaced at run time, such as a connection pool. Clones of the handle stay valid,
    /// but the value behind them is released. The teardown may take the `timeout` of the resource, if it has one. Once
    /// the cleanup has begun the instance is torn down in its place, and this future waits for that.
    ///
    /// # Errors
    ///
    /// Returns how the teardown failed: by an error, a panic, or a time-out. The instance is released all the same. A
    /// release that nobody has [confirmed](crate::unconfirmed) is not an error: a log event at WARN has the reason.
    ///
    /// # Cancel safety
    ///
    /// The teardown runs in a task of its own. It goes on if this future is dropped.
    pub async fn release(self) -> Result<(), TeardownError> {
        let release = self.0.owner().release();
        // The value is dropped at the end of its teardown, if this is the last handle.
        drop(self);
        let Some(release) = release else { return Ok(()) };
        match release.await {
            Outcome::Ok | Outcome::Unconfirmed { .. } => Ok(()),
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
        self.0.value()
    }
}

impl<T: fmt::Debug> fmt::Debug for Managed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Managed").field(self.0.value()).finish()
    }
}

/// The error of a teardown that failed, panicked or ran out of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeardownError(Outcome);

impl TeardownError {
    /// Returns the outcome of the teardown.
    pub fn outcome(&self) -> &Outcome {
        &self.0
    }
}

impl fmt::Display for TeardownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "teardown: {}", self.0)
    }
}

impl std::error::Error for TeardownError {
    /// Returns the first step that failed.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Outcome::Failed { failures, .. } => failures.first().map(|failure| failure as _),
            _ => None,
        }
    }
}
