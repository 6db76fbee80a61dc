//! One attempt of a start: it runs in a task of its own, and its value is managed before anybody can drop it (R6).

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::graph::{Starting, starting};
use super::values::Values;
use super::{Start, StartError, Startable};
use crate::engine::context::{self, Scoped};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainEnd;
use crate::plan::Node;
use crate::resource::Resource;
use crate::resource::link::Link;
use crate::resource::managed::Managed;
use crate::sync::catch::catch_async;

/// The future that makes a value.
pub type Attempt<T> = BoxFuture<'static, Result<T, String>>;

/// Begins an attempt whose type is erased.
pub(super) type Attempts = fn(Lifecycle) -> BoxFuture<'static, Result<Box<dyn Made>, String>>;

/// Begins an attempt to start a `T`, and manages the value that it makes.
pub(super) fn attempts<T: Start>(lifecycle: Lifecycle) -> BoxFuture<'static, Result<Box<dyn Made>, String>> {
    Box::pin(async move {
        let given = Given(lifecycle);
        let value = catch_async(async { T::__lifecycle_start(&given).await }).await;
        let value = value.map_err(|panic| format!("panicked: {}", panic.message()))??;
        // No await stands between the value and its registration.
        let made = given.0.manage(value);
        for need in T::STARTING.needs() {
            if let Some(id) = given.0.engine().values.id(need) {
                made.depends_on_instance(id);
            }
        }
        Ok(Box::new(made) as Box<dyn Made>)
    })
}

/// What has started so far: the arguments of a start are taken from it.
pub struct Given(Lifecycle);

impl Given {
    /// Starts the arguments of `main`, in the current lifecycle.
    ///
    /// # Errors
    ///
    /// Returns how `main` has ended if one does not start: `main` does not run. The reason of the stop has the error of a
    /// resource. A service is cut before it gets here after a stop. A job is not, and has failed: its work is not done.
    pub async fn of(arguments: &[fn() -> &'static Starting]) -> Result<Given, MainEnd> {
        let lifecycle = context::expect("main", Lifecycle::clone);
        let roots: Vec<_> = arguments.iter().map(|argument| argument()).collect();
        match lifecycle.start_all(&roots).await {
            Ok(()) => Ok(Given(lifecycle)),
            Err(StartError::Failed { .. } | StartError::Invalid { .. }) => Err(MainEnd::Ok),
            Err(error @ (StartError::Stopping | StartError::Nested)) => Err(MainEnd::Err(error.to_string())),
        }
    }
}

/// An argument of `start` and of `main`: a handle of a resource that starts before.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: a start cannot take `{Self}`",
    label = "not a handle of a resource",
    note = "write `Managed<T>`, where `T` is a resource; a value of another type is a field of a resource that is `provided`"
)]
pub trait StartArgument: Sized {
    #[doc(hidden)]
    const LINK: Link;
    #[doc(hidden)]
    const STARTING: fn() -> &'static Starting;

    #[doc(hidden)]
    fn take(given: &Given) -> Self;
}

impl<T: Startable> StartArgument for Managed<T> {
    const LINK: Link = T::LINK;
    const STARTING: fn() -> &'static Starting = starting::<T>;

    fn take(given: &Given) -> Managed<T> {
        given.0.engine().values.get::<T>().expect("an item starts after all that it needs")
    }
}

/// A managed value whose type is erased.
pub(super) trait Made: Send {
    fn keep(self: Box<Self>, values: &Values);

    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;
}

impl<T: Resource> Made for Managed<T> {
    fn keep(self: Box<Self>, values: &Values) {
        values.put(*self);
    }

    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // The report and the log have the failure.
            let _ = (*self).release().await;
        })
    }
}

/// The end of an attempt.
pub(super) struct Ended {
    item: Node,
    number: usize,
    result: Result<Box<dyn Made>, String>,
}

/// The attempts that run. If it is dropped, they are dropped at their next await.
pub(super) struct Running {
    lifecycle: Lifecycle,
    sender: UnboundedSender<Ended>,
    /// How many attempts have begun.
    count: usize,
    attempts: Vec<RunningAttempt>,
}

struct RunningAttempt {
    item: Node,
    number: usize,
    abort: AbortHandle,
}

impl Running {
    pub(super) fn new(lifecycle: Lifecycle, sender: UnboundedSender<Ended>) -> Running {
        Running { lifecycle, sender, count: 0, attempts: Vec::new() }
    }

    pub(super) fn begin(&mut self, item: Node, starting: &'static Starting) {
        let Some(attempts) = starting.attempts() else { return };
        self.count += 1;
        let (number, sender) = (self.count, self.sender.clone());
        let attempt = Scoped::start(self.lifecycle.clone(), attempts(self.lifecycle.clone()));
        let task = async move {
            let result = attempt.await;
            if let Err(refused) = sender.send(Ended { item, number, result }) {
                // Nobody waits any more. The value is managed, and so is torn down by the stop.
                drop(refused);
            }
        };
        let name = format!("start of {}", starting.name());
        let task = self.lifecycle.spawn_tracked(Some(name.into()), starting.location(), task);
        self.attempts.push(RunningAttempt { item, number, abort: task.abort_handle() });
    }

    pub(super) fn give_up(&mut self, item: Node) {
        self.attempts.retain(|attempt| {
            if attempt.item == item {
                attempt.abort.abort();
            }
            attempt.item != item
        });
    }

    /// Takes the end of an attempt. Returns `None` for one that was given up: its value is released at once.
    pub(super) fn ended(&mut self, ended: Ended, values: &Values) -> Option<(Node, Result<(), String>)> {
        let Ended { item, number, result } = ended;
        let Some(at) = self.attempts.iter().position(|attempt| attempt.number == number) else {
            if let Ok(made) = result {
                self.lifecycle.spawn(made.release());
            }
            return None;
        };
        self.attempts.remove(at);
        Some((item, result.map(|made| made.keep(values))))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.attempts.iter().for_each(|attempt| attempt.abort.abort());
    }
}
