//! What the stop tears down: instances and deferred teardowns.

use std::borrow::Cow;

use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::resource::managed::Managed;
use crate::resource::{Resource, TeardownOutput};

/// Hands a value to the current lifecycle, which tears it down exactly once when the service stops.
///
/// The handle that `manage` returns dereferences to the value, and its clones share one managed instance. The stop tears
/// an instance down in its place in the plan. An instance that is managed after that place has passed is torn down at
/// once, and the report marks the instance as late.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle). The message lists two ways to be inside.
///
/// # Examples
///
/// ```
/// use lifecycle::{Managed, Teardown};
///
/// #[lifecycle::resource]
/// struct Journal;
///
/// #[lifecycle::teardown]
/// impl Teardown for Journal {
///     async fn teardown(&self) {}
/// }
///
/// #[lifecycle::main]
/// async fn main() {
///     let journal: Managed<Journal> = lifecycle::manage(Journal);
/// }
/// ```
#[doc(alias("register", "on_shutdown"))]
#[track_caller]
pub fn manage<T: Resource>(value: T) -> Managed<T> {
    context::expect("manage", Lifecycle::clone).manage(value)
}

/// Hands a value to the current lifecycle, under a name of its own in logs and reports.
///
/// A second instance of one type needs a name to be told from the first. Everything else is as in [`manage`].
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Examples
///
/// ```
/// # use lifecycle::Teardown;
/// #[lifecycle::resource]
/// struct Database;
/// # #[lifecycle::teardown]
/// # impl Teardown for Database {
/// #     async fn teardown(&self) {}
/// # }
///
/// # #[lifecycle::main]
/// # async fn main() {
/// let primary = lifecycle::manage(Database);
/// let replica = lifecycle::manage_as("replica", Database);
/// # }
/// ```
#[track_caller]
pub fn manage_as<T: Resource>(name: impl Into<Cow<'static, str>>, value: T) -> Managed<T> {
    context::expect("manage_as", Lifecycle::clone).manage_as(name, value)
}

/// Defers a teardown without a type to the stop of the current lifecycle, which runs it exactly once.
///
/// The teardown runs in the cleanup, concurrently with every other one. [`Deferred`](crate::Deferred) adds an order, a time-out, or the
/// instances that the teardown uses. If the cleanup has already begun, the teardown starts at once.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle). The message says what to do.
///
/// # Examples
///
/// ```
/// # #[lifecycle::main]
/// # async fn main() {
/// lifecycle::defer("say goodbye", || async { println!("goodbye") });
/// # }
/// ```
#[doc(alias("on_shutdown", "shutdown hook"))]
#[track_caller]
pub fn defer<F, Fut>(name: impl Into<Cow<'static, str>>, teardown: F)
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output: TeardownOutput> + Send + 'static,
{
    context::expect("defer", Lifecycle::clone).defer(name, teardown);
}
