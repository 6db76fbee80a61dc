//! Starts resources along the plan (R25 to R29). The machine in [`start`](crate::start) decides, and this carries it out.

mod attempt;
mod drive;
mod error;
mod graph;
mod provided;
mod rows;
mod values;

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::task::AbortHandle;

pub use attempt::{Attempt, Given, StartArgument};
pub use error::StartError;
pub use graph::Starting;
pub use provided::{ProvideOutput, StartArguments, provide};
#[cfg(any(feature = "http", test))]
pub(crate) use values::Awaited;
pub(super) use values::Values;

use self::drive::Over;
use self::graph::Graph;
use super::context;
use super::lifecycle::Lifecycle;
use crate::resource::Resource;
use crate::resource::holds::Probe;
use crate::resource::link::Link;
use crate::resource::managed::Managed;
use crate::sequence::Event;

/// How a resource starts.
///
/// Implement it under [`#[lifecycle::start]`](macro@crate::start). The arguments of `start` are handles of the resources
/// that have to start before. The same arguments order the teardown: this resource is torn down before them (R1, R25).
///
/// # Examples
///
/// ```
/// use lifecycle::{Managed, Start, Teardown};
///
/// #[lifecycle::resource]
/// struct Database;
///
/// #[lifecycle::start(timeout = "5s", retry = "30s")]
/// impl Start for Database {
///     async fn start() -> std::io::Result<Database> {
///         Ok(Database) // connects
///     }
/// }
///
/// #[lifecycle::teardown]
/// impl Teardown for Database {
///     async fn teardown(&self) {}
/// }
///
/// #[lifecycle::resource(no_teardown = "it holds nothing but the handle")]
/// struct Orders {
///     database: Managed<Database>,
/// }
///
/// #[lifecycle::start]
/// impl Start for Orders {
///     async fn start(database: Managed<Database>) -> Orders {
///         Orders { database }
///     }
/// }
///
/// #[lifecycle::main]
/// async fn main() -> Result<(), lifecycle::StartError> {
///     let orders = lifecycle::start::<Orders>().await?; // starts the database, and then the orders
///     let _: &Managed<Database> = &orders.database;
///     Ok(())
/// }
/// ```
#[doc(alias("constructor", "factory", "provider", "dependency injection"))]
pub trait Start: HasStartAttribute + Resource {
    #[doc(hidden)]
    const __LIFECYCLE_STARTING: Starting;

    #[doc(hidden)]
    const __LIFECYCLE_LINKS: &'static [Link];

    #[doc(hidden)]
    fn __lifecycle_start(given: &Given) -> attempt::Attempt<Self>;
}

/// A type whose `impl Start` has the attribute. Only the attribute implements this trait.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: the `impl Start for {Self}` is not complete",
    label = "put `#[lifecycle::start]` above this impl",
    note = "the attribute registers what has to start before `{Self}`"
)]
pub trait HasStartAttribute {}

/// A resource that can be started: it has an `impl Start`, or it is `provided`. Only the attributes implement this trait.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::missing_start: nothing says how `{Self}` starts",
    label = "no `impl Start`, and not `provided`",
    note = "write `#[lifecycle::start] impl Start for {Self}`",
    note = "if the program makes the value itself, write `#[lifecycle::resource(provided)]` and call `lifecycle::provide(value)`"
)]
pub trait Startable: Resource {
    #[doc(hidden)]
    const STARTING: &'static Starting;
}

#[diagnostic::do_not_recommend]
impl<T: Start> Startable for T {
    const STARTING: &'static Starting = &T::__LIFECYCLE_STARTING;
}

impl<T: Start> Probe<T> {
    /// The arguments of the start. An inherent constant wins over the one of [`NoStart`].
    pub const START: &'static [Link] = T::__LIFECYCLE_LINKS;
}

/// The answer for a type without an `impl Start`.
pub trait NoStart {
    /// There are no arguments.
    const START: &'static [Link] = &[];
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> NoStart for Probe<T> {}

/// What a start may return: the value, or a `Result` whose error is `Display`.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: a start cannot return `{Self}`",
    label = "neither the resource nor a `Result` of it whose error is `Display`",
    note = "return `Self`, or `Result<Self, E>` where `E: Display`"
)]
pub trait StartOutput<T> {
    #[doc(hidden)]
    fn into_started(self) -> Result<T, String>;
}

#[diagnostic::do_not_recommend]
impl<T: Start> StartOutput<T> for T {
    fn into_started(self) -> Result<T, String> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Start, E: fmt::Display> StartOutput<T> for Result<T, E> {
    fn into_started(self) -> Result<T, String> {
        // In the alternate form `anyhow` and similar types print the causes too.
        self.map_err(|error| format!("{error:#}"))
    }
}

/// The future of [`start`](crate::start()).
// It has no bound on `T`. rustc would report a missing `Startable` at the future and at its await, too.
#[must_use = "nothing starts until the future is polled"]
pub struct StartFuture<T>(BoxFuture<'static, Result<Managed<T>, StartError>>);

impl<T> Future for StartFuture<T> {
    type Output = Result<Managed<T>, StartError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for StartFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartFuture").finish_non_exhaustive()
    }
}

impl Lifecycle {
    /// Starts a resource in this lifecycle: see [`start`](crate::start()).
    ///
    /// # Errors
    ///
    /// As of [`start`](crate::start()).
    pub fn start<T: Startable>(&self) -> StartFuture<T> {
        let lifecycle = self.clone();
        StartFuture(Box::pin(async move {
            let given = lifecycle.start_all(vec![T::STARTING], PROVIDE).await?;
            Ok(given.handles.get::<T>().expect("it has started"))
        }))
    }

    /// Provides a value in the place of a start: see [`provide`](crate::provide).
    #[track_caller]
    pub fn provide<T: Resource>(&self, value: T) -> Managed<T> {
        self.provide_at(value, Location::caller())
    }

    pub(crate) fn provide_at<T: Resource>(
        &self,
        value: T,
        location: &'static Location<'static>,
    ) -> Managed<T> {
        let managed = self.manage_named(T::DECLARATION.name.into(), value, location);
        self.engine().values.put(&managed);
        managed
    }

    /// Lists what a start waits for now. Empty if nothing starts.
    #[cfg(any(feature = "http", test))]
    pub(crate) fn awaited(&self) -> Vec<Awaited> {
        self.engine().values.awaited()
    }

    /// Starts these resources, and what they need. If that has ended by a stop, the error is returned after `main` could be
    /// cut: a `main` that is not ready is dropped, and its error is not one of the service (R26).
    ///
    /// `hint` says how a value is provided that is missing.
    async fn start_all(
        &self,
        roots: Vec<&'static Starting>,
        hint: &'static str,
    ) -> Result<Given, StartError> {
        let started = self.start_each(roots, hint).await;
        if started.as_ref().is_err_and(|error| !matches!(error, StartError::Nested)) {
            tokio::task::yield_now().await;
        }
        started
    }

    /// Starts in a task of its own, so that the start goes on while its caller is not polled.
    async fn start_each(
        &self,
        roots: Vec<&'static Starting>,
        hint: &'static str,
    ) -> Result<Given, StartError> {
        if context::is_start_in(self) {
            return Err(StartError::Nested);
        }
        let given = Given { lifecycle: self.clone(), handles: Arc::default() };
        // What has started already waits for no other start.
        if !self.notices().stopping.is_fired() && Graph::of(&roots, &given).has_started() {
            return Ok(given);
        }
        let task = self.runtime().spawn(drive::start(given, roots, hint));
        let aborted_if_dropped = AbortIfDropped(task.abort_handle());
        let result = task.await;
        drop(aborted_if_dropped);
        match result {
            Ok(Ok(given)) => Ok(given),
            Ok(Err(Over::Failed(reason))) => {
                let error = StartError::of(&reason);
                self.on(Event::Stop(reason));
                Err(error)
            }
            Ok(Err(Over::Stopping)) => Err(StartError::Stopping),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends.
                Err(_) => Err(StartError::Stopping),
            },
        }
    }
}

/// How a program provides a value.
const PROVIDE: &str = "call `lifecycle::provide(..)` with a value of it before the start";

struct AbortIfDropped(AbortHandle);

impl Drop for AbortIfDropped {
    fn drop(&mut self) {
        self.0.abort();
    }
}
