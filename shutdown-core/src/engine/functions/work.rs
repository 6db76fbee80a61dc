//! Work in flight, which the drain waits for.

use std::borrow::Cow;

use tokio::task::JoinHandle;

use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainOutput;
use crate::sync::gate::Pass;

/// Spawns a task that the drain waits for.
///
/// A task is in flight until it ends. The drain cuts a task off when the drain's time is up, and the report names the
/// line that spawned the task. Work in flight may spawn more tasks during the drain. A task that is spawned after the
/// drain runs as well, but the stop does not wait for it.
///
/// # Tasks that a teardown ends
///
/// Do not track a task that ends only when a teardown closes its channel or its connection. The cleanup begins after
/// the drain, and the drain waits for the task. Such a stop takes the whole drain, cuts the task off, and has the exit
/// status 70. The report marks a task that did nothing in a drain of 500 ms or more as `idle during the drain`. Two ways
/// avoid this wait:
///
/// - The task ends when [`stopping`](crate::stopping) completes, as in the example there.
/// - A resource owns the task: `tokio::spawn` returns a `JoinHandle`, the resource holds it in a
///   [`Slot`](crate::Slot) with `#[teardown]`, and the teardown closes the channel first.
///
/// A task that ends when `main` drops its guard or its sender may be tracked, because `main` ends in the drain.
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle), or outside of a tokio runtime.
///
/// A panic of the task is returned by its `JoinHandle`. The report counts the panic: during the stop in
/// [`panicked_tasks`](crate::Report::panicked_tasks), with exit status 70, and before the stop as a note.
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
/// names the line that spawned the closure, and the exit status is 70. A closure that waits for a teardown is such a
/// closure: see [`spawn`].
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
/// The report names the task by `name`, also if the drain cuts the task off.
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

/// Spawns a task that begins again when it ends or panics.
///
/// The closure makes the future of each run. A run that has ended is followed by the next one after a random wait.
///
/// | ends since the last run of 60 s or more | the wait |
/// |---|---|
/// | 1 | 1 s to 2 s |
/// | 2 | 1 s to 4 s |
/// | 3 | 1 s to 8 s |
/// | 4 | 1 s to 16 s |
/// | 5 and more | 1 s to 30 s |
///
/// Each end is one log event at WARN with the error, and the report counts them in a note. Nothing begins again after the
/// stop has begun: a wait ends at once, and the drain waits for a run as for any other task. An error or a panic of such a
/// run makes the exit status 70.
///
/// [`Supervised`](crate::Supervised) has the options: a limit of restarts. `abort` of the returned handle ends the task and
/// its supervision.
///
/// A task that needs no restart is spawned by [`spawn`]. A task whose end has to stop the service is spawned by
/// [`spawn_essential`].
///
/// # Panics
///
/// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle), or outside of a tokio runtime.
///
/// # Cancel safety
///
/// A run that is in flight at the end of the drain is dropped at its next await, as every tracked task.
///
/// # Examples
///
/// ```
/// async fn synchronize(interval: std::time::Duration) -> std::io::Result<()> {
///     # let _ = interval;
///     lifecycle::stopping().await;
///     Ok(())
/// }
///
/// # #[lifecycle::main]
/// # async fn main() {
/// lifecycle::spawn_supervised("sync", || synchronize(std::time::Duration::from_secs(30)));
/// # lifecycle::shutdown("an example ends");
/// # }
/// ```
#[doc(alias("restart", "supervisor", "one_for_one"))]
#[track_caller]
pub fn spawn_supervised<F, Fut>(name: impl Into<Cow<'static, str>>, task: F) -> JoinHandle<()>
where
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output: MainOutput> + Send + 'static,
{
    context::expect("spawn_supervised", Lifecycle::clone).spawn_supervised(name, task)
}

/// Returns a pass (a guard) for one piece of work in flight, or `None` after the drain has begun.
///
/// The drain waits until the pass is dropped. The first pass implies [`ready`](crate::ready).
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
