//! The functions at the root of the crate: each acts on the current lifecycle.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::engine::builder::MainOutput;
use crate::engine::context;
use crate::engine::defer::Deferred;
use crate::engine::lifecycle::Lifecycle;
use crate::resource::managed::Managed;
use crate::resource::{Resource, TeardownOutput};
use crate::sync::gate::Pass;
use crate::sync::notice::Waiting;

/// Hands a value to the current lifecycle, which tears it down, exactly once, when the service stops.
///
/// During a stop it still counts: the instance is torn down in its place, or at once if that has passed.
///
/// # Panics
///
/// Outside of a lifecycle; the message says what to do.
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

/// [`manage`], under a name of its own in logs and reports: for the second instance of a type.
///
/// # Panics
///
/// Outside of a lifecycle.
#[track_caller]
pub fn manage_as<T: Resource>(name: impl Into<Cow<'static, str>>, value: T) -> Managed<T> {
    context::expect("manage_as", Lifecycle::clone).manage_as(name, value)
}

/// A teardown without a type. Concurrent with everything, unless [`uses`](Deferred::uses) or
/// [`order`](Deferred::order) say otherwise.
///
/// # Panics
///
/// Outside of a lifecycle.
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
pub fn defer<F, Fut>(name: impl Into<Cow<'static, str>>, teardown: F) -> Deferred
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output: TeardownOutput> + Send + 'static,
{
    context::expect("defer", Lifecycle::clone).defer(name, teardown)
}

/// Start-up is over. Until then a signal drops `main` at its next await; from then on `main` is work in flight.
///
/// Implied by the first [`pass`], by the first poll of [`draining`], and by `main`'s own first poll of [`stopping`].
/// Checks that what is managed can be torn down at all: without a cycle, its time-outs within grace; else the service
/// stops here, with status 78.
///
/// # Panics
///
/// Outside of a lifecycle.
#[doc(alias = "readiness")]
#[track_caller]
pub fn ready() {
    context::expect("ready", Lifecycle::clone).ready();
}

/// A future that ends when the stop begins: for handlers and loops that should come to an end.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Cancel safety
///
/// Cancel safe; another call gives another future.
#[doc(alias("cancellation token", "CancellationToken", "ctrl_c", "shutdown signal"))]
#[track_caller]
pub fn stopping() -> Stopping {
    context::expect("stopping", Lifecycle::stopping)
}

/// Returns true if the stop has begun.
///
/// Under `#[lifecycle::main]`, every thread of the process is inside the lifecycle. Elsewhere, a thread or task outside of
/// every lifecycle gets `false`.
pub fn is_stopping() -> bool {
    context::with(|lifecycle| lifecycle.is_some_and(Lifecycle::is_stopping))
}

/// A future that ends when the drain begins, after the lame duck: what a server's `with_graceful_shutdown` gets.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Cancel safety
///
/// Cancel safe; another call gives another future.
#[doc(alias("graceful shutdown", "with_graceful_shutdown"))]
#[track_caller]
pub fn draining() -> Draining {
    context::expect("draining", Lifecycle::draining)
}

/// How much time is left: in a teardown until its own limit, elsewhere until the deadline. `None` while running.
#[doc(alias("grace period", "deadline"))]
pub fn remaining() -> Option<Duration> {
    context::with(|lifecycle| lifecycle.and_then(Lifecycle::remaining))
}

/// Asks for a clean stop. Without effect if one is under way.
///
/// # Panics
///
/// Outside of a lifecycle.
#[doc(alias("cancel", "graceful shutdown"))]
#[track_caller]
pub fn shutdown(reason: impl Into<Cow<'static, str>>) {
    context::expect("shutdown", Lifecycle::clone).shutdown(reason);
}

/// Requests a stop that ends with exit status 1.
///
/// If a stop is under way, `fail` does not restart it. The report lists the error, and the exit status becomes 1.
///
/// # Panics
///
/// Outside of a lifecycle.
#[doc(alias = "abort")]
#[track_caller]
pub fn fail(error: impl fmt::Display) {
    context::expect("fail", Lifecycle::clone).fail(error);
}

/// Spawns a task that is in flight until it ends: the drain waits for it, and names it if it is cut off.
///
/// Work in flight may spawn more of it during the drain. After the drain a task still runs, but nobody waits for it.
///
/// # Panics
///
/// Outside of a lifecycle, or of a runtime.
#[doc(alias("task tracker", "TaskTracker"))]
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    context::expect("spawn", Lifecycle::clone).spawn(future)
}

/// Runs a closure on a thread where it may block, in flight until it returns. At the end of the drain it is named and
/// left behind: a thread cannot be cut off.
///
/// # Panics
///
/// Outside of a lifecycle, or of a runtime.
#[doc(alias("task tracker", "TaskTracker"))]
#[track_caller]
pub fn spawn_blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    context::expect("spawn_blocking", Lifecycle::clone).spawn_blocking(f)
}

/// [`spawn`], for a task without which the service is none: if it ends before the stop, in whatever way, the service
/// stops, with status 1. If it returns an error during the stop, that is reported, with status 70.
///
/// # Panics
///
/// Outside of a lifecycle, or of a runtime.
#[doc(alias = "critical task")]
#[track_caller]
pub fn spawn_essential<F>(name: impl Into<Cow<'static, str>>, future: F) -> JoinHandle<()>
where
    F: Future<Output: MainOutput> + Send + 'static,
{
    context::expect("spawn_essential", Lifecycle::clone).spawn_essential(name, future)
}

/// One piece of work in flight, until the pass is dropped; `None` once the drain has begun. The first one implies
/// [`ready`].
///
/// # Panics
///
/// Outside of a lifecycle.
#[doc(alias("guard", "TaskTracker", "in flight"))]
#[track_caller]
pub fn pass() -> Option<Pass> {
    // Without counting a reference to the lifecycle: that count is shared by every thread, and a pass is not.
    let taken = context::expect("pass", |lifecycle| match lifecycle.is_ready() {
        true => Ok(lifecycle.gate().pass()),
        false => Err(lifecycle.clone()),
    });
    taken.unwrap_or_else(|lifecycle| lifecycle.pass())
}

impl Lifecycle {
    /// See [`pass`].
    pub fn pass(&self) -> Option<Pass> {
        self.ready();
        self.gate().pass()
    }

    /// See [`stopping`].
    pub fn stopping(&self) -> Stopping {
        Stopping { notice: self.stop_notice().wait(), lifecycle: Some(self.clone()) }
    }

    /// See [`draining`].
    pub fn draining(&self) -> Draining {
        Draining { notice: self.drain_notice().wait(), lifecycle: Some(self.clone()) }
    }
}

/// The future of [`stopping`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Stopping {
    notice: Waiting,
    /// There until the first poll.
    lifecycle: Option<Lifecycle>,
}

/// The future of [`draining`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Draining {
    notice: Waiting,
    /// There until the first poll.
    lifecycle: Option<Lifecycle>,
}

impl Future for Stopping {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A look first: every other poll has nothing to write.
        if self.lifecycle.is_some() {
            self.begin();
        }
        Pin::new(&mut self.notice).poll(cx)
    }
}

impl Stopping {
    #[cold]
    fn begin(&mut self) {
        if let Some(lifecycle) = self.lifecycle.take()
            && context::is_main()
        {
            lifecycle.ready();
        }
    }
}

impl Future for Draining {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.lifecycle.is_some() {
            self.begin();
        }
        Pin::new(&mut self.notice).poll(cx)
    }
}

impl Draining {
    #[cold]
    fn begin(&mut self) {
        if let Some(lifecycle) = self.lifecycle.take() {
            lifecycle.ready();
        }
    }
}
