//! Starts resources along the plan (R25 to R29). The machine in [`start`](crate::start) decides, and this carries it out.

mod attempt;
mod error;
mod graph;
mod values;

use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::mpsc;

pub use attempt::{Attempt, Given, StartArgument};
pub use error::StartError;
pub use graph::Starting;
pub(super) use values::Values;

use self::attempt::{Ended, Running};
use self::graph::Graph;
use super::context;
use super::lifecycle::Lifecycle;
use crate::random;
use crate::report::{FactKind, Reason};
use crate::resource::Resource;
use crate::resource::holds::Probe;
use crate::resource::link::Link;
use crate::resource::managed::Managed;
use crate::sequence::Event;
use crate::start::{self, Action};

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
impl<T: Start, E: std::fmt::Display> StartOutput<T> for Result<T, E> {
    fn into_started(self) -> Result<T, String> {
        // In the alternate form `anyhow` and similar types print the causes too.
        self.map_err(|error| format!("{error:#}"))
    }
}

impl Lifecycle {
    /// Starts a resource in this lifecycle: see [`start`](crate::start()).
    ///
    /// # Errors
    ///
    /// As of [`start`](crate::start()).
    pub async fn start<T: Startable>(&self) -> Result<Managed<T>, StartError> {
        self.start_all(&[T::STARTING]).await?;
        Ok(self.engine().values.get::<T>().expect("it has started"))
    }

    /// Provides a value in the place of a start: see [`provide`](crate::provide).
    #[track_caller]
    pub fn provide<T: Resource>(&self, value: T) -> Managed<T> {
        let managed = self.manage(value);
        self.engine().values.put(managed.clone());
        managed
    }

    /// Starts these resources. If that has ended by a stop, the error is returned after `main` could be cut: a `main` that
    /// is not ready is dropped, and its error is not one of the service (R26).
    pub(super) async fn start_all(&self, roots: &[&'static Starting]) -> Result<(), StartError> {
        let started = self.start_each(roots).await;
        if started.as_ref().is_err_and(|error| !matches!(error, StartError::Nested)) {
            tokio::task::yield_now().await;
        }
        started
    }

    async fn start_each(&self, roots: &[&'static Starting]) -> Result<(), StartError> {
        if context::is_start() {
            return Err(StartError::Nested);
        }
        // One start at a time, so that two calls never start a resource twice.
        let _turn = self.engine().values.turn().await;
        let graph = Graph::of(roots, &self.engine().values);
        if let Some(error) = graph.fault() {
            self.on(Event::Stop(Reason::InvalidPlan { error: error.clone() }));
            return Err(StartError::Invalid { error });
        }
        let (sender, mut ended) = mpsc::unbounded_channel();
        let mut running = Running::new(self.clone(), sender);
        let mut machine = graph.start(self.now());
        loop {
            for action in machine.take_actions() {
                match action {
                    Action::Begin(item) => {
                        let starting = graph.get(item);
                        self.tell(FactKind::StartBegan { name: starting.name().into() });
                        running.begin(item, starting);
                    }
                    Action::GiveUp(item) => running.give_up(item),
                    Action::Waits(item, error) => {
                        self.tell(FactKind::StartWaits { name: graph.get(item).name().into(), error });
                    }
                    Action::Started { item, attempts, took } => {
                        let name = graph.get(item).name().into();
                        self.tell(FactKind::StartEnded { name, attempts, took });
                    }
                    Action::Failed(failed) => {
                        let reason = graph.reason(failed);
                        let error = StartError::of(&reason);
                        self.on(Event::Stop(reason));
                        return Err(error);
                    }
                    Action::Done => return Ok(()),
                }
            }
            let until = machine.wake_at().map(|at| at.saturating_duration_since(self.now()));
            match self.next(&mut ended, until).await {
                Next::Stopping => return Err(StartError::Stopping),
                Next::Tick => machine.on(self.now(), start::Event::Tick, random::share()),
                Next::Ended(end) => {
                    if let Some((item, result)) = running.ended(end, &self.engine().values) {
                        machine.on(self.now(), start::Event::Ended(item, result), random::share());
                    }
                }
            }
        }
    }

    /// Waits for the end of an attempt, for the time of the next tick, and for a stop.
    async fn next(&self, ended: &mut mpsc::UnboundedReceiver<Ended>, until: Option<Duration>) -> Next {
        let time = async {
            match until {
                Some(until) => tokio::time::sleep(until).await,
                None => std::future::pending().await,
            }
        };
        let end = async { ended.recv().await.map_or(Next::Tick, Next::Ended) };
        let event = async {
            match select(std::pin::pin!(end), std::pin::pin!(time)).await {
                Either::Left((end, _)) => end,
                Either::Right(((), _)) => Next::Tick,
            }
        };
        let stopping = self.notices().stopping.wait();
        match select(std::pin::pin!(stopping), std::pin::pin!(event)).await {
            Either::Left(_) => Next::Stopping,
            Either::Right((next, _)) => next,
        }
    }
}

/// What happens next in a start.
enum Next {
    Ended(Ended),
    Tick,
    Stopping,
}
