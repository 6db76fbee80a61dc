//! Spawns tracked tasks: the drain waits for them.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::task::JoinHandle;

use super::context::{self, Scoped};
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use super::tasks::Place;
use crate::report::MainOutcome;
use crate::sequence::Event;
use crate::sync::Activity;
use crate::sync::catch::catch;
use crate::sync::gate::Pass;

/// Keeps one task in flight, and in the registry. It is dropped after the task's future.
struct Ticket {
    lifecycle: Lifecycle,
    place: Place,
    pass: Option<Pass>,
}

impl Ticket {
    /// Returns `None` once the drain is over: such a task runs untracked, for as long as the process does.
    fn new(
        lifecycle: &Lifecycle,
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
        activity: Option<Arc<Activity>>,
    ) -> Option<Ticket> {
        let in_flight = lifecycle.in_flight();
        let pass = in_flight.gate.join()?;
        let place = in_flight.tasks.add(name, location, activity);
        Some(Ticket { lifecycle: lifecycle.clone(), place, pass: Some(pass) })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.lifecycle.in_flight().tasks.remove(self.place);
        drop(self.pass.take());
    }
}

thread_local! {
    /// The lifecycle that is not to wait for the task that is being polled: see [`Lifecycle::step_aside`].
    static ASIDE: Cell<*const ()> = const { Cell::new(std::ptr::null()) };
}

pin_project! {
    /// A tracked future. The ticket stands after the future, so that it is dropped after it.
    struct Tracked<F> {
        #[pin]
        future: F,
        ticket: Option<Ticket>,
        activity: Arc<Activity>,
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // A task that is not tracked may have left something here.
        ASIDE.set(std::ptr::null());
        this.activity.begin();
        let polled = catch(|| this.future.poll(cx));
        let lifecycle = this.ticket.as_ref().map(|ticket| &ticket.lifecycle);
        this.activity.end(lifecycle.is_some_and(|lifecycle| lifecycle.notices().draining.is_fired()));
        let polled = polled.unwrap_or_else(|panic| {
            if let Some(lifecycle) = lifecycle {
                lifecycle.on(Event::TaskPanicked);
            }
            panic.resume()
        });
        let aside = ASIDE.get();
        if !aside.is_null() && this.ticket.as_ref().is_some_and(|ticket| ticket.lifecycle.address() == aside)
        {
            *this.ticket = None;
        }
        polled
    }
}

impl Lifecycle {
    /// Spawns a tracked task: see [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_tracked(None, Location::caller(), future)
    }

    /// Spawns a tracked task. The report calls it by its name, if it has one.
    pub(super) fn spawn_tracked<F>(
        &self,
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let activity = Arc::new(Activity::default());
        let ticket = Ticket::new(self, name, location, Some(Arc::clone(&activity)));
        let place = ticket.as_ref().map(|ticket| ticket.place);
        let future = Scoped::new(self.clone(), future);
        let task = self.runtime().spawn(Tracked { future, ticket, activity });
        self.keep_abort(place, &task);
        task
    }

    /// Spawns a tracked closure that may block its thread: see [`spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let ticket = Ticket::new(self, None, Location::caller(), None);
        let place = ticket.as_ref().map(|ticket| ticket.place);
        let lifecycle = self.clone();
        let task = self.runtime().spawn_blocking(move || {
            let ticket = ticket;
            let result = catch(|| context::enter(&lifecycle, f));
            if result.is_err() {
                lifecycle.on(Event::TaskPanicked);
            }
            drop(ticket);
            result.unwrap_or_else(|panic| panic.resume())
        });
        self.keep_abort(place, &task);
        task
    }

    /// Spawns a task that the service cannot run without: see [`spawn_essential`](crate::spawn_essential).
    #[track_caller]
    pub fn spawn_essential<F>(&self, name: impl Into<Cow<'static, str>>, future: F) -> JoinHandle<()>
    where
        F: Future<Output: MainOutput> + Send + 'static,
    {
        let name = name.into();
        let essential = Essential { lifecycle: self.clone(), name: Some(name.clone()), error: None };
        self.spawn_tracked(Some(name), Location::caller(), async move {
            // Moved in as a whole, so that it is dropped also by a task that is cut before it ends.
            let mut essential = essential;
            if let MainOutcome::Failed { error } = future.await.into_ending() {
                essential.error = Some(error);
            }
        })
    }

    /// Declares that the tracked task that polls this is not work in flight of this lifecycle any more.
    #[cfg(feature = "http")]
    pub(crate) fn step_aside(&self) {
        ASIDE.set(self.address());
    }

    fn keep_abort<T>(&self, place: Option<Place>, task: &JoinHandle<T>) {
        if let Some(place) = place {
            self.in_flight().tasks.set_abort(place, &task.abort_handle());
        }
    }
}

/// Reports the end of an essential task when it is dropped: the task returned, panicked or was aborted.
struct Essential {
    lifecycle: Lifecycle,
    name: Option<Cow<'static, str>>,
    error: Option<String>,
}

impl Drop for Essential {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            self.lifecycle.on(Event::EssentialEnded { name, error: self.error.take() });
        }
    }
}
