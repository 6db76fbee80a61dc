//! The course of the stop: how it is observed, and how it is begun.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::notices::{Draining, Stopping};
use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::reload::Reloads;

/// Declares the start-up as over.
///
/// A signal before `ready` drops `main` at its next `.await`. A signal after `ready` lets `main` finish, as work in
/// flight.
///
/// Three calls imply `ready`: the first [`pass`](crate::pass), the first poll of [`draining`], and the first poll of [`stopping`] by
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
/// Returns `false` outside of a lifecycle. A program with `#[lifecycle::main]` or [`Process`](crate::Process) has no such
/// place: every thread of the process is inside the lifecycle, also a plain thread and a thread of another runtime.
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

/// Takes the reload requests of the program: its configuration is to be read again.
///
/// On a Unix a SIGHUP is such a request, from `kill -HUP`, or from `systemctl reload` with `Type=notify-reload`.
/// [`request_reload`] makes one in the program. The program answers each one by [`accept`](crate::Reload::accept) or
/// [`refuse`](crate::Reload::refuse). If it refuses, it goes on with the configuration that it has.
///
/// The example `reload` of the repository is a service that replaces its pool and its listener at a reload, and loses no
/// request. The page [`recipes`](crate::recipes#a-reload-that-replaces-a-listener) has the part about the listener.
///
/// If the attribute or [`Process::signals`](crate::Process::signals) names signals, and SIGHUP is not among them, a SIGHUP
/// still ends the program. A warning says so.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle), and in the second call.
///
/// # Examples
///
/// ```
/// # use std::sync::RwLock;
/// static LIMIT: RwLock<usize> = RwLock::new(10);
///
/// async fn read_limit() -> Result<usize, std::num::ParseIntError> {
///     "20".parse() // from a file
/// }
///
/// #[lifecycle::main]
/// async fn main() {
///     let mut reloads = lifecycle::reloads();
///     lifecycle::spawn(async move {
///         while let Some(reload) = reloads.next().await {
///             match read_limit().await {
///                 Ok(limit) => {
///                     *LIMIT.write().unwrap() = limit;
///                     reload.accept();
///                 }
///                 Err(error) => reload.refuse(error),
///             }
///         }
///     });
/// }
/// ```
#[doc(alias("SIGHUP", "hot reload", "configuration"))]
#[track_caller]
pub fn reloads() -> Reloads {
    context::expect("reloads", Lifecycle::clone).reloads()
}

/// Requests a reload, as a SIGHUP does. Returns whether the program will receive the request.
///
/// Returns false if the program does not take requests by [`reloads`], and after the stop has begun.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle).
#[track_caller]
pub fn request_reload() -> bool {
    context::expect("request_reload", Lifecycle::clone).request_reload()
}
