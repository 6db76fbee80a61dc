//! What the stop tears down: instances and deferred teardowns.

use std::borrow::Cow;

use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::start::{StartFuture, Startable};
use crate::resource::managed::Managed;
use crate::resource::{Resource, TeardownOutput};

/// Hands a value to the current lifecycle, which tears it down exactly once when the service stops.
///
/// The handle that `manage` returns dereferences to the value, and its clones share one managed instance. The stop tears
/// an instance down in its place in the plan. An instance that is managed after that place has passed is torn down at
/// once, and the report marks the instance as late.
///
/// # Cost
///
/// An instance takes about 500 bytes in addition to its value. A stop takes up to 1 KiB more for each. Its time is linear in
/// the number of instances: about 5 us for each of 100,000.
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

/// Starts a resource, and before it everything that it needs.
///
/// The arguments of each [`Start`](crate::Start) say what has to start before. What no rule orders starts concurrently, so
/// that a start takes the time of its longest path. Each type has one instance: a second call returns the same handle. A
/// resource that was [released](Managed::release) starts again.
///
/// One start runs at a time: a second call waits for the first, unless all that it needs has started. Two resources start
/// concurrently as the arguments of `main`, or of one `start`. A task that a start spawns may call this function, but the
/// start must not wait for it.
///
/// If a start fails, nothing further starts. Starts under way are dropped at their next await, what has started is torn
/// down in order within a fresh grace, and the exit status is 1. If the stop begins during a start, the same happens, and
/// the status is 0.
///
/// # Errors
///
/// | error | the cause |
/// |---|---|
/// | [`StartError::Failed`](crate::StartError::Failed) | a start returned an error, panicked or took too long, and its `retry` is over |
/// | [`StartError::Stopping`](crate::StartError::Stopping) | the stop has begun |
/// | [`StartError::Invalid`](crate::StartError::Invalid) | a value is not [provided](provide), or the resources need each other in a circle. The exit status is 78 |
/// | [`StartError::Nested`](crate::StartError::Nested) | `start` was called inside of a start |
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Cancel safety
///
/// The start runs in a task of its own, from the first poll on. If the future is dropped, starts under way are dropped at
/// their next await. A value that is made all the same is torn down at once. What has started stays managed, and a later
/// call goes on from there.
#[doc(alias("inject", "resolve", "container"))]
#[track_caller]
pub fn start<T: Startable>() -> StartFuture<T> {
    context::expect("start", Lifecycle::clone).start()
}

/// Provides a value in the place of a start, and manages it.
///
/// A start that takes a `Managed<T>` receives this handle. It is for a value that the program makes itself, such as
/// settings, and for a fake in a test. A resource without an `impl Start` says so by `#[lifecycle::resource(provided)]`.
///
/// Provide a value before the start that needs it. A later value of the same type is what later starts receive. Each value
/// is torn down.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
#[track_caller]
pub fn provide<T: Resource>(value: T) -> Managed<T> {
    context::expect("provide", Lifecycle::clone).provide(value)
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
