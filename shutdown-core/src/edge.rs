//! The port through which servers and consumers use a lifecycle. `net`, `http` and `consumer` use the engine only through
//! this port. They do not use the sequence or the process.
//!
//! | operation | contract |
//! |---|---|
//! | [`Edge::expect`], [`Edge::current`] | the current lifecycle; `expect` panics outside of one, and says what to do |
//! | [`Edge::register`] | announces a server or a consumer. Implies `ready`. `None` once the drain has begun: there is nothing to serve |
//! | [`InFlight::pass`](in_flight::InFlight::pass) | one piece of work in flight. The drain waits for it (R16, R17) |
//! | [`Edge::stopping`] | the notice that the stop has begun: everything still works |
//! | [`Edge::draining`] | the notice that the drain has begun: take nothing new, finish what is in flight |
//! | [`Edge::work_cut`] | the notice that the time of the drain is up: drop what is in flight, without an await |
//! | [`Edge::task_panicked`] | an event: code of the user panicked. During a stop the exit status is then 70 |
//! | [`Edge::unwanted`] | an event: no client sends work any more, so the lame duck can end early |
//! | [`Edge::step_aside`], [`Edge::alone`] | a task that goes on until the end: the drain does not wait for it, and it learns when only `main` is left |
//! | [`Edge::readiness`], and the rest of `edge/readiness.rs` | what the probes say, and what the program declares about it (R30) |
//! | [`Edge::scope`], [`Edge::spawn`] | a future that is polled with this lifecycle as the current one; `spawn` also reports its panic |
//!
//! A server that outlives the drain (`http::serve_probes`) also waits for [`Edge::over`]. Everything else that an edge
//! needs is the public API of [`Edge::lifecycle`].

pub(crate) mod in_flight;
#[cfg(feature = "http")]
pub(crate) mod readiness;
mod watched;

use std::sync::Arc;
#[cfg(feature = "http")]
use std::time::Duration;

use tokio::task::JoinHandle;

use in_flight::{InFlight, Registered, Words};

use crate::engine::context::{self, Scoped};
use crate::engine::work::Work;
use crate::sequence::Event;
use crate::sync::catch::Panic;
use crate::sync::notice::Notice;

#[cfg(feature = "http")]
pub(crate) use crate::engine::functions::{Draining, Stopping};
pub(crate) use crate::engine::lifecycle::Lifecycle;

/// How often [`Edge::alone`] looks. The gate only reports that all passes are back, and `main` has one.
#[cfg(feature = "http")]
const ALONE_LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A lifecycle, as a server or a consumer uses it. Clones are handles on the same lifecycle.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    lifecycle: Lifecycle,
}

impl Edge {
    /// Gives the current lifecycle.
    ///
    /// # Panics
    ///
    /// Outside of a lifecycle. The message names `caller` (`http::serve`) and says what to do.
    #[track_caller]
    pub(crate) fn expect(caller: &str) -> Edge {
        Edge { lifecycle: context::expect(caller, Lifecycle::clone) }
    }

    /// Gives the current lifecycle, if there is one.
    #[cfg(feature = "http")]
    pub(crate) fn current() -> Option<Edge> {
        Some(Edge { lifecycle: Lifecycle::current()? })
    }

    /// Announces a server or a consumer, which holds one pass of the lifecycle until it is closed and its work has
    /// ended. `None` once the drain has begun.
    pub(crate) fn register(&self, words: Words) -> Option<Registered> {
        let pass = self.lifecycle.pass()?;
        let in_flight = InFlight::new(words, pass);
        self.lifecycle.in_flight().works.add(Arc::clone(&in_flight) as Arc<dyn Work>);
        Some(Registered::new(in_flight))
    }

    /// Fires when the stop begins.
    pub(crate) fn stopping(&self) -> &Notice {
        &self.lifecycle.notices().stopping
    }

    /// Fires when the drain begins.
    pub(crate) fn draining(&self) -> &Notice {
        &self.lifecycle.notices().draining
    }

    /// Fires when the time of the drain is up and work in flight is to be dropped.
    pub(crate) fn work_cut(&self) -> &Notice {
        &self.lifecycle.notices().work_cut
    }

    /// Fires when the whole stop is over.
    pub(crate) fn over(&self) -> &Notice {
        &self.lifecycle.notices().over
    }

    /// Reports that code of the user panicked, and gives the message of the panic.
    pub(crate) fn task_panicked(&self, panic: &Panic) -> String {
        self.lifecycle.on(Event::TaskPanicked);
        panic.message()
    }

    /// Reports that no client sends work any more.
    pub(crate) fn unwanted(&self) {
        self.lifecycle.on(Event::Unwanted);
    }

    /// Declares that the tracked task that polls this is not work in flight any more: the drain does not wait for the task,
    /// and does not cut it off. Has no effect in a task that is not tracked.
    #[cfg(feature = "http")]
    pub(crate) fn step_aside(&self) {
        self.lifecycle.step_aside();
    }

    /// Waits until nothing but `main` is in flight. To be called after the drain has begun.
    #[cfg(feature = "http")]
    pub(crate) async fn alone(&self) {
        // A pass that moves from one shard to another can be missed once, so there are two looks.
        let mut looks = 0;
        while looks < 2 {
            tokio::time::sleep(ALONE_LOOK_INTERVAL).await;
            looks = if self.lifecycle.in_flight().is_main_alone() { looks + 1 } else { 0 };
        }
    }

    /// Wraps a future so that it is polled with this lifecycle as the current one.
    pub(crate) fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped::new(self.lifecycle.clone(), future)
    }

    /// Spawns a task that belongs to a connection. The task is polled in this lifecycle, and its panic is reported. It
    /// is not tracked: the task holds a pass of its own.
    pub(crate) fn spawn(&self, future: impl Future<Output: Send> + Send + 'static) -> JoinHandle<()> {
        tokio::spawn(self.scope(watched::Watched::new(future)))
    }

    /// Gives the handle with the public API.
    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}
