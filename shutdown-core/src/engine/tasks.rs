//! Tracked tasks: in flight until they end, and known by where they were spawned.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use slab::Slab;
use tokio::task::{AbortHandle, JoinHandle};

use crate::engine::builder::MainOutput;
use crate::engine::context::{self, Scoped};
use crate::engine::lifecycle::Lifecycle;
use crate::report::{MainOutcome, Straggler};
use crate::sequence::Event;
use crate::sync::catch::catch;
use crate::sync::gate::Pass;
use crate::sync::shards::Shards;
use crate::sync::{Flag, lock};

/// The tracked tasks of one lifecycle.
pub(crate) struct Tasks {
    shards: Shards<Mutex<Shard>>,
    /// What was in flight has been cut off; nothing more is tracked.
    aborted: Flag,
}

#[derive(Default)]
struct Shard {
    tasks: Slab<Task>,
    /// How many there have been.
    count: u64,
}

/// Where a task is among the tracked ones. The number tells it from a later task in the same place.
#[derive(Clone, Copy)]
struct Place {
    seat: usize,
    key: usize,
    number: u64,
}

struct Task {
    number: u64,
    location: &'static Location<'static>,
    blocking: bool,
    abort: Option<AbortHandle>,
}

impl Default for Tasks {
    fn default() -> Tasks {
        Tasks { shards: Shards::new(Mutex::default), aborted: Flag::default() }
    }
}

impl Tasks {
    fn shard(&self, seat: usize) -> MutexGuard<'_, Shard> {
        lock(self.shards.at(seat))
    }

    /// What has not ended, by where it was spawned, and how many tasks that is.
    pub(crate) fn stragglers(&self) -> (Vec<Straggler>, usize) {
        let mut found: BTreeMap<(bool, &'static Location<'static>), usize> = BTreeMap::new();
        for seat in 0..self.shards.len() {
            for (_, task) in &self.shard(seat).tasks {
                *found.entry((task.blocking, task.location)).or_default() += 1;
            }
        }
        let total = found.values().sum();
        let straggler = |((blocking, location), count)| match blocking {
            true => Straggler::Blocking { location, count },
            false => Straggler::Tasks { location, count },
        };
        (found.into_iter().map(straggler).collect(), total)
    }

    /// Whether what was in flight has been cut off. The notice of it may still be on its way.
    #[cfg_attr(
        not(any(feature = "consumer", feature = "sqlx")),
        allow(dead_code, reason = "only an edge behind a feature asks")
    )]
    pub(crate) fn are_cut_off(&self) -> bool {
        self.aborted.is_set()
    }

    /// Drops every tracked future at its next await; what blocks its thread goes on.
    pub(crate) fn abort(&self) {
        self.aborted.set();
        for seat in 0..self.shards.len() {
            let handles: Vec<AbortHandle> =
                self.shard(seat).tasks.iter_mut().filter_map(|(_, task)| task.abort.take()).collect();
            handles.iter().for_each(AbortHandle::abort);
        }
    }
}

/// One task's place among the tracked ones. Dropped behind its future.
struct Ticket {
    lifecycle: Lifecycle,
    place: Place,
    pass: Option<Pass>,
}

impl Ticket {
    /// `None` once the drain is over: then the task runs untracked, for as long as the process does.
    fn new(lifecycle: &Lifecycle, location: &'static Location<'static>, blocking: bool) -> Option<Ticket> {
        let pass = lifecycle.gate().join()?;
        let tasks = lifecycle.tasks();
        let seat = tasks.shards.seat();
        let mut shard = tasks.shard(seat);
        shard.count += 1;
        let number = shard.count;
        let key = shard.tasks.insert(Task { number, location, blocking, abort: None });
        drop(shard);
        let place = Place { seat, key, number };
        Some(Ticket { lifecycle: lifecycle.clone(), place, pass: Some(pass) })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let task = self.lifecycle.tasks().shard(self.place.seat).tasks.try_remove(self.place.key);
        drop(task);
        drop(self.pass.take());
    }
}

pin_project! {
    /// A tracked future. The ticket stands behind the future, so that it is dropped after it.
    struct Tracked<F> {
        #[pin]
        future: F,
        ticket: Option<Ticket>,
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        catch(|| this.future.poll(cx)).unwrap_or_else(|panic| {
            if let Some(ticket) = this.ticket {
                ticket.lifecycle.on(Event::TaskPanicked);
            }
            panic.resume()
        })
    }
}

impl Lifecycle {
    /// See [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let ticket = Ticket::new(self, Location::caller(), false);
        let place = ticket.as_ref().map(|ticket| ticket.place);
        let future = Scoped::new(self.clone(), future);
        let task = self.runtime().spawn(Tracked { future, ticket });
        self.remember(place, &task.abort_handle());
        task
    }

    /// See [`spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let ticket = Ticket::new(self, Location::caller(), true);
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
        self.remember(place, &task.abort_handle());
        task
    }

    /// See [`spawn_essential`](crate::spawn_essential).
    #[track_caller]
    pub fn spawn_essential<F>(&self, name: impl Into<Cow<'static, str>>, future: F) -> JoinHandle<()>
    where
        F: Future<Output: MainOutput> + Send + 'static,
    {
        let essential = Essential { lifecycle: self.clone(), name: Some(name.into()), error: None };
        self.spawn(async move {
            // As a whole, also if the task is cut off before it ends.
            let mut essential = essential;
            if let MainOutcome::Failed(error) = future.await.into_ending() {
                essential.error = Some(error);
            }
        })
    }

    /// Keeps what ends the task early, unless it is over, or everything was cut off meanwhile.
    fn remember(&self, place: Option<Place>, abort: &AbortHandle) {
        let Some(Place { seat, key, number }) = place else {
            return;
        };
        let mut shard = self.tasks().shard(seat);
        if let Some(task) = shard.tasks.get_mut(key).filter(|task| task.number == number) {
            task.abort = Some(abort.clone());
        }
        drop(shard);
        if self.tasks().aborted.is_set() {
            abort.abort();
        }
    }
}

/// Tells of the end of an essential task when it is dropped: the task returned, panicked or was aborted.
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
