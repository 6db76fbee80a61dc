//! The functions at the root of the crate. Each acts on the current lifecycle.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainOutput;
use crate::resource::managed::Managed;
use crate::resource::{Resource, TeardownOutput};
use crate::sync::gate::Pass;
use crate::sync::notice::Waiting;

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

/// Declares the start-up as over.
///
/// A signal before `ready` drops `main` at its next `.await`. A signal after `ready` lets `main` finish, as work in
/// flight.
///
/// Three calls imply `ready`: the first [`pass`], the first poll of [`draining`], and the first poll of [`stopping`] by
/// `main` itself.
///
/// `ready` also checks the plan of the managed instances. A cycle, or time-outs that do not fit into grace, stop the
/// service with exit status 78.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Examples
///
/// ```
/// # async fn warm_up_caches() {}
/// # #[lifecycle::main]
/// # async fn main() {
/// warm_up_caches().await; // a signal ends the wait here
/// lifecycle::ready(); // `/startupz` answers 200 when this has returned
/// # }
/// ```
#[doc(alias = "readiness")]
#[track_caller]
pub fn ready() {
    context::expect("ready", Lifecycle::clone).ready();
}

/// Returns a future that completes when the stop begins (cancellation).
///
/// A loop or a long poll waits for `stopping`, and then ends. A server waits for [`draining`] instead, because clients
/// still send requests during the lame duck.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Cancel safety
///
/// Cancel safe. A second call returns a second future, which completes too.
///
/// # Examples
///
/// ```
/// # async fn next_job() -> u32 { std::future::pending().await }
/// # async fn run(_: u32) {}
/// # #[lifecycle::main]
/// # async fn main() {
/// lifecycle::spawn(async {
///     loop {
///         let job = tokio::select! {
///             () = lifecycle::stopping() => break,
///             job = next_job() => job,
///         };
///         run(job).await; // not inside the `select!`, so that the stop does not drop a job
///     }
/// });
/// # }
/// ```
#[doc(alias("cancellation token", "CancellationToken", "ctrl_c", "shutdown signal"))]
#[track_caller]
pub fn stopping() -> Stopping {
    context::expect("stopping", Lifecycle::stopping)
}

/// Returns whether the stop has begun.
///
/// Returns `false` outside of a lifecycle. Under [`lifecycle::main`](macro@crate::main#inside-and-outside-of-a-lifecycle)
/// each thread of the process is inside.
///
/// # Examples
///
/// ```
/// # fn import(_page: u32) {}
/// # #[lifecycle::main(job)]
/// # async fn main() {
/// for page in 0..100 {
///     if lifecycle::is_stopping() {
///         break;
///     }
///     import(page);
/// }
/// # }
/// ```
pub fn is_stopping() -> bool {
    context::with(|lifecycle| lifecycle.is_some_and(Lifecycle::is_stopping))
}

/// Returns a future that completes when the drain begins, after the lame duck.
///
/// A server takes it as the argument of `with_graceful_shutdown`. The first poll implies [`ready`].
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Cancel safety
///
/// Cancel safe. A second call returns a second future, which completes too.
///
/// # Examples
///
/// ```no_run
/// # #[lifecycle::main]
/// # async fn main() -> std::io::Result<()> {
/// # let routes = axum::Router::new();
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
/// axum::serve(listener, routes).with_graceful_shutdown(lifecycle::draining()).await
/// # }
/// ```
#[doc(alias("graceful shutdown", "with_graceful_shutdown"))]
#[track_caller]
pub fn draining() -> Draining {
    context::expect("draining", Lifecycle::draining)
}

/// Returns how much time is left.
///
/// | called | the time until |
/// |---|---|
/// | in a teardown | the limit of that teardown |
/// | elsewhere during the stop | the deadline, `T0 + grace` |
/// | before the stop, or outside of a lifecycle | `None` |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # #[lifecycle::main(grace = "25s")]
/// # async fn main() {
/// lifecycle::defer("flush", async || {
///     let limit = lifecycle::remaining().unwrap_or_default();
///     assert!(limit < Duration::from_secs(25));
/// });
/// # }
/// ```
#[doc(alias("grace period", "deadline"))]
pub fn remaining() -> Option<Duration> {
    context::with(|lifecycle| lifecycle.and_then(Lifecycle::remaining))
}

/// Returns the time until the drain ends.
///
/// The time-out of another crate's server takes this value, so that the server ends before the drain cuts it off.
///
/// | called | the value |
/// |---|---|
/// | before the stop | the length of the drain: grace minus the lame duck and the reserves of the later stages |
/// | in the lame duck | the time until the drain ends, with the rest of the lame duck |
/// | in the drain | the time until the drain ends |
/// | after the drain | zero |
/// | outside of a lifecycle | `None` |
///
/// The value before the stop fits a time-out that is configured early and counts from [`draining`]. A stop without a
/// lame duck has a longer drain. Instances that are managed after the call can make the drain shorter, so call this
/// function after the last `manage`.
///
/// A second signal ends the drain at once, and the value is zero then.
///
/// The reserves, with grace 25 s, a lame duck of 5 s, one instance that is not `last`, and one that is:
///
/// ```text
///   25 s     grace
/// -  0.1 s   the report
/// -  1.25 s  the flush: at least grace/20, and only if an instance is `last`
/// -  2.5 s   the cleanup: at least grace/10, and only if an instance is not `last`
/// -  0.05 s  the time in which work that was cut off is dropped
/// -  5 s     the lame duck
/// = 16.1 s   the drain
/// ```
///
/// # Examples
///
/// The drain cuts off work that takes exactly this long. A server whose time-out is a number of whole seconds gets the
/// number rounded down:
///
/// ```
/// # struct Server { timeout: u64 }
/// # impl Server {
/// #     fn shutdown_timeout(self, timeout: u64) -> Server { Server { timeout } }
/// # }
/// # #[lifecycle::main(grace = "25s", lame_duck = "5s")]
/// # async fn main() {
/// # let server = Server { timeout: 30 };
/// let seconds = lifecycle::drain_remaining().map_or(30, |left| left.as_secs());
/// let server = server.shutdown_timeout(seconds); // actix-web has a method of this name
/// # assert_eq!(server.timeout, 19);
/// # }
/// ```
#[doc(alias("grace period", "shutdown_timeout", "graceful shutdown timeout"))]
pub fn drain_remaining() -> Option<Duration> {
    context::with(|lifecycle| lifecycle.map(Lifecycle::drain_remaining))
}

/// Starts a clean stop.
///
/// The report shows `reason`. A call during a stop has no effect.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Examples
///
/// ```
/// # #[lifecycle::main]
/// # async fn main() {
/// lifecycle::spawn(async {
///     lifecycle::shutdown("the import is done");
/// });
/// lifecycle::stopping().await;
/// # }
/// ```
#[doc(alias("cancel", "graceful shutdown"))]
#[track_caller]
pub fn shutdown(reason: impl Into<Cow<'static, str>>) {
    context::expect("shutdown", Lifecycle::clone).shutdown(reason);
}

/// Starts a stop that ends with exit status 1.
///
/// A call during a stop that has another reason also makes the exit status 1, and the report lists the error.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Examples
///
/// ```
/// use lifecycle::Lifecycle;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let report = Lifecycle::builder()
///     .run(async {
///         lifecycle::fail("the disk is full");
///         lifecycle::stopping().await;
///     })
///     .await;
/// assert_eq!(report.exit_status(), 1);
/// # }
/// ```
#[doc(alias = "abort")]
#[track_caller]
pub fn fail(error: impl fmt::Display) {
    context::expect("fail", Lifecycle::clone).fail(error);
}

/// Spawns a task that the drain waits for.
///
/// A task is in flight until it ends. The drain cuts a task off when the drain's time is up, and the report names the
/// line that spawned the task. Work in flight may spawn more tasks during the drain. A task that is spawned after the
/// drain runs as well, but the stop does not wait for it.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle), or outside of a tokio runtime.
///
/// # Examples
///
/// ```
/// # async fn settle(_order: u64) {}
/// # #[lifecycle::main]
/// # async fn main() {
/// lifecycle::spawn(settle(17)); // `main` may return: the drain waits for the task
/// # }
/// ```
#[doc(alias("task tracker", "TaskTracker"))]
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    context::expect("spawn", Lifecycle::clone).spawn(future)
}

/// Runs a closure on a thread where the closure may block. The drain waits for its return.
///
/// A closure that still runs at the end of the drain is left running, because a thread cannot be cut off. The report
/// names the line that spawned the closure, and the exit status is 70.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle), or outside of a tokio runtime.
///
/// # Examples
///
/// ```
/// # fn thumbnail(_bytes: &[u8]) -> Vec<u8> { Vec::new() }
/// # #[lifecycle::main]
/// # async fn main() -> Result<(), tokio::task::JoinError> {
/// let image = lifecycle::spawn_blocking(|| thumbnail(b"..")).await?;
/// # drop(image);
/// # Ok(())
/// # }
/// ```
#[doc(alias("task tracker", "TaskTracker"))]
#[track_caller]
pub fn spawn_blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    context::expect("spawn_blocking", Lifecycle::clone).spawn_blocking(f)
}

/// Spawns a task that the service cannot run without.
///
/// | the task | the exit status |
/// |---|---|
/// | ends before the stop: by `Ok`, an error, a panic or an abort | 1, and the end starts the stop |
/// | returns an error or panics during the stop | 70 |
/// | is cut off at the end of the drain | 70 |
/// | returns without an error during the stop | unchanged |
///
/// Everything else is as in [`spawn`].
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle), or outside of a tokio runtime.
///
/// # Examples
///
/// ```
/// async fn consume() -> std::io::Result<()> {
///     lifecycle::stopping().await;
///     Ok(())
/// }
///
/// # #[lifecycle::main]
/// # async fn main() {
/// lifecycle::spawn_essential("consumer", consume());
/// # lifecycle::shutdown("an example ends");
/// lifecycle::stopping().await;
/// # }
/// ```
#[doc(alias = "critical task")]
#[track_caller]
pub fn spawn_essential<F>(name: impl Into<Cow<'static, str>>, future: F) -> JoinHandle<()>
where
    F: Future<Output: MainOutput> + Send + 'static,
{
    context::expect("spawn_essential", Lifecycle::clone).spawn_essential(name, future)
}

/// Returns a pass (a guard) for one piece of work in flight, or `None` after the drain has begun.
///
/// The drain waits until the pass is dropped. The first pass implies [`ready`].
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
///
/// # Examples
///
/// ```
/// # async fn answer() {}
/// # #[lifecycle::main]
/// # async fn main() {
/// if let Some(pass) = lifecycle::pass() {
///     tokio::spawn(async move {
///         answer().await;
///         drop(pass); // the drain may end now
///     });
/// }
/// # }
/// ```
#[doc(alias("guard", "TaskTracker", "in flight"))]
#[track_caller]
pub fn pass() -> Option<Pass> {
    // `expect` clones no `Lifecycle` here: every thread shares its reference count, and a pass must not touch shared memory.
    let taken = context::expect("pass", |lifecycle| match lifecycle.is_ready() {
        true => Ok(lifecycle.in_flight().gate.pass()),
        false => Err(lifecycle.clone()),
    });
    taken.unwrap_or_else(|lifecycle| lifecycle.pass())
}

impl Lifecycle {
    /// Does what [`pass`] does, for this lifecycle.
    pub fn pass(&self) -> Option<Pass> {
        self.ready();
        self.in_flight().gate.pass()
    }

    /// Does what [`stopping`] does, for this lifecycle.
    pub fn stopping(&self) -> Stopping {
        Stopping { notice: self.notices().stopping.wait(), lifecycle: Some(self.clone()) }
    }

    /// Does what [`draining`] does, for this lifecycle.
    pub fn draining(&self) -> Draining {
        Draining { notice: self.notices().draining.wait(), lifecycle: Some(self.clone()) }
    }
}

/// The future that [`stopping`] returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Stopping {
    notice: Waiting,
    /// `Some` until the first poll.
    lifecycle: Option<Lifecycle>,
}

/// The future that [`draining`] returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Draining {
    notice: Waiting,
    /// `Some` until the first poll.
    lifecycle: Option<Lifecycle>,
}

impl Future for Stopping {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // The check avoids a write in every poll after the first.
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
