//! One attempt of a start: it runs in a task of its own, and its value is managed before anybody can drop it (R6).

use std::any::TypeId;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::graph::{Starting, starting};
use super::values::{Handle, Handles};
use super::{Start, StartError, Startable};
use crate::engine::context::{self, Scoped};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainEnd;
use crate::plan::Node;
use crate::resource::Resource;
use crate::resource::link::Link;
use crate::resource::managed::Managed;
use crate::start::Event;
use crate::sync::catch::catch_async;

/// The future that makes a value.
pub type Attempt<T> = BoxFuture<'static, Result<T, String>>;

/// Begins an attempt whose type is erased.
pub(super) type Attempts = fn(Given) -> BoxFuture<'static, Result<Unclaimed, String>>;

/// Begins an attempt to start a `T`, and manages the value that it makes.
pub(super) fn attempts<T: Start>(given: Given) -> BoxFuture<'static, Result<Unclaimed, String>> {
    Box::pin(async move {
        let value = catch_async(async { T::__lifecycle_start(&given).await }).await;
        let value = value.map_err(|panic| format!("panicked: {}", panic.message()))??;
        // No await stands between the value and its registration.
        let (name, location) = (T::DECLARATION.name.into(), T::STARTING.location());
        let made = given.lifecycle.manage_named(name, value, location);
        for need in T::STARTING.needs() {
            if let Some(id) = given.handles.id(need) {
                made.depends_on_instance(id);
            }
        }
        Ok(Unclaimed { made: Some(Box::new(made)), lifecycle: given.lifecycle })
    })
}

/// What has started so far: the arguments of a start are taken from it.
#[derive(Clone)]
pub struct Given {
    pub(super) lifecycle: Lifecycle,
    pub(super) handles: Arc<Handles>,
}

impl Given {
    /// Starts the arguments of `main`, in the current lifecycle.
    ///
    /// # Errors
    ///
    /// Returns how `main` has ended if one does not start: `main` does not run. The reason of the stop has the error of a
    /// resource. A service is cut before it gets here after a stop. A job is not, and has failed: its work is not done.
    pub async fn of(arguments: &[fn() -> &'static Starting]) -> Result<Given, MainEnd> {
        let hint = "write `provide = ..` with a value of it in `#[lifecycle::main(..)]`";
        Given::start(arguments, hint).await
    }

    /// Does the same for a `main` of another kind. `hint` says how it provides a value.
    pub(crate) async fn start(
        arguments: &[fn() -> &'static Starting],
        hint: &'static str,
    ) -> Result<Given, MainEnd> {
        let lifecycle = context::expect("main", Lifecycle::clone);
        let roots = arguments.iter().map(|argument| argument()).collect();
        lifecycle.start_all(roots, hint).await.map_err(|error| match error {
            StartError::Failed { .. } | StartError::Invalid { .. } => MainEnd::Ok,
            StartError::Stopping | StartError::Nested => MainEnd::Err(error.to_string()),
        })
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
        given.handles.get::<T>().expect("an item starts after all that it needs")
    }
}

/// A value that an attempt has made. If it is dropped before a start claims it, it is torn down at once.
pub(super) struct Unclaimed {
    made: Option<Box<dyn Made>>,
    lifecycle: Lifecycle,
}

impl Unclaimed {
    fn claim(mut self, handles: &Handles) {
        if let Some(made) = self.made.take() {
            made.keep(&self.lifecycle, handles);
        }
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(made) = self.made.take() {
            self.lifecycle.spawn(made.release());
        }
    }
}

/// A managed value whose type is erased.
trait Made: Send {
    fn keep(self: Box<Self>, lifecycle: &Lifecycle, handles: &Handles);

    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;
}

impl<T: Resource> Made for Managed<T> {
    fn keep(self: Box<Self>, lifecycle: &Lifecycle, handles: &Handles) {
        lifecycle.engine().values.put(&self);
        handles.put(TypeId::of::<T>(), Handle::of(*self));
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
    /// `None` if the attempt was dropped.
    result: Option<Result<Unclaimed, String>>,
}

/// Tells the end of an attempt when it is dropped, which is the end of its task in any case.
struct Teller {
    ended: Option<Ended>,
    sender: UnboundedSender<Ended>,
}

impl Drop for Teller {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            // If nobody waits any more, the value is dropped here, and so released.
            drop(self.sender.send(ended));
        }
    }
}

/// The attempts that are there. If it is dropped, they are dropped at their next await.
pub(super) struct Running {
    given: Given,
    sender: UnboundedSender<Ended>,
    /// How many attempts have begun.
    count: usize,
    attempts: Vec<RunningAttempt>,
}

struct RunningAttempt {
    number: usize,
    item: Node,
    is_given_up: bool,
    abort: AbortHandle,
}

impl Running {
    pub(super) fn new(given: Given, sender: UnboundedSender<Ended>) -> Running {
        Running { given, sender, count: 0, attempts: Vec::new() }
    }

    pub(super) fn begin(&mut self, item: Node, starting: &'static Starting) {
        let Some(attempts) = starting.attempts() else { return };
        self.count += 1;
        let number = self.count;
        let mut teller =
            Teller { ended: Some(Ended { item, number, result: None }), sender: self.sender.clone() };
        let lifecycle = &self.given.lifecycle;
        let attempt = Scoped::start(lifecycle.clone(), attempts(self.given.clone()));
        let task = async move {
            let result = attempt.await;
            teller.ended = Some(Ended { item, number, result: Some(result) });
            drop(teller);
        };
        let name = format!("start of {}", starting.name());
        let task = lifecycle.spawn_tracked(Some(name.into()), starting.location(), task);
        self.attempts.push(RunningAttempt { number, item, is_given_up: false, abort: task.abort_handle() });
    }

    pub(super) fn give_up(&mut self, item: Node) {
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.item == item) {
            attempt.is_given_up = true;
            attempt.abort.abort();
        }
    }

    /// Takes the end of an attempt. The value of one that was given up is released.
    pub(super) fn ended(&mut self, ended: Ended) -> Option<Event> {
        let Ended { item, number, result } = ended;
        let at = self.attempts.iter().position(|attempt| attempt.number == number)?;
        if self.attempts.swap_remove(at).is_given_up {
            return Some(Event::Gone(item));
        }
        let result = match result {
            Some(Ok(made)) => {
                made.claim(&self.given.handles);
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Err("its task was dropped".to_owned()),
        };
        Some(Event::Ended(item, result))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.attempts.iter().for_each(|attempt| attempt.abort.abort());
    }
}
