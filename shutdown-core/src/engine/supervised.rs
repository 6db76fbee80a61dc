//! Supervised tasks: a task that ends or panics begins again (R32).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::task::JoinHandle;

use super::context;
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use super::work::Work;
use crate::backoff::Backoff;
#[cfg(feature = "metrics")]
use crate::observe::metrics::Counts;
use crate::random;
use crate::report::{FactKind, MainOutcome, Straggler};
use crate::sequence::Event;
use crate::sync::catch::catch_async;
use crate::sync::lock;
use crate::sync::notice::Notice;

/// The time between the end of a run and the next run.
const BACKOFF: Backoff = Backoff { shortest: Duration::from_secs(1), longest: Duration::from_secs(30) };
/// A run that takes this long is healthy, and the next wait is a short one.
const HEALTHY: Duration = Duration::from_secs(60);
/// The time in which ends are counted.
const WINDOW: Duration = Duration::from_secs(600);

/// A task that begins again when it ends or panics, and the options of that.
/// [`spawn_supervised`](crate::spawn_supervised) is enough for one without options.
///
/// The options come first. [`spawn`](Supervised::spawn) takes the closure, and starts the task in the current lifecycle.
/// [`spawn_in`](Supervised::spawn_in) starts it in a given one. A `Supervised` that is dropped before has no effect.
///
/// # Examples
///
/// ```
/// use lifecycle::Supervised;
///
/// async fn synchronize() -> std::io::Result<()> {
///     lifecycle::stopping().await;
///     Ok(())
/// }
///
/// # #[lifecycle::main]
/// # async fn main() {
/// Supervised::new("sync").give_up(5).spawn(synchronize);
/// # lifecycle::shutdown("an example ends");
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing runs until `spawn` or `spawn_in`"]
pub struct Supervised {
    name: Cow<'static, str>,
    most_restarts: Option<usize>,
}

impl Supervised {
    /// Creates a task with this name in logs and reports. Without options it begins again until the stop.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Supervised {
        Supervised { name: name.into(), most_restarts: None }
    }

    /// Stops the service with status 1 if the task needs more than `restarts` restarts within 10 minutes.
    ///
    /// The reason of the stop is the last error. Ends that are further apart never stop the service. With 0 restarts, the
    /// first end does.
    #[doc(alias("max_restarts", "circuit breaker"))]
    pub fn give_up(mut self, restarts: usize) -> Supervised {
        self.most_restarts = Some(restarts);
        self
    }

    /// Starts the task in the current lifecycle: see [`spawn_supervised`](crate::spawn_supervised).
    ///
    /// # Panics
    ///
    /// Panics [outside of a lifecycle](macro@crate::main#inside-and-outside-of-a-lifecycle), or outside of a tokio
    /// runtime.
    #[track_caller]
    pub fn spawn<F, Fut>(self, task: F) -> JoinHandle<()>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: MainOutput> + Send + 'static,
    {
        self.spawn_in(&context::expect("Supervised::spawn", Lifecycle::clone), task)
    }

    /// Starts the task in the given lifecycle: see [`spawn`](Supervised::spawn).
    #[track_caller]
    pub fn spawn_in<F, Fut>(self, lifecycle: &Lifecycle, task: F) -> JoinHandle<()>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: MainOutput> + Send + 'static,
    {
        let Supervised { name, most_restarts } = self;
        let restarts = Arc::new(Restarts { name: name.clone(), state: Mutex::default() });
        lifecycle.in_flight().works.add(Arc::clone(&restarts) as _);
        let supervisor =
            Supervisor { lifecycle: lifecycle.clone(), restarts, most_restarts, ends: Ends::default() };
        lifecycle.spawn_named(name, Location::caller(), supervisor.run(task))
    }
}

impl Lifecycle {
    /// Spawns a task that begins again when it ends or panics: see [`spawn_supervised`](crate::spawn_supervised).
    #[track_caller]
    pub fn spawn_supervised<F, Fut>(&self, name: impl Into<Cow<'static, str>>, task: F) -> JoinHandle<()>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: MainOutput> + Send + 'static,
    {
        Supervised::new(name).spawn_in(self, task)
    }
}

/// What the task of one supervised task holds.
struct Supervisor {
    lifecycle: Lifecycle,
    restarts: Arc<Restarts>,
    most_restarts: Option<usize>,
    ends: Ends,
}

impl Supervisor {
    /// Runs the task again and again, until the stop.
    async fn run<F, Fut>(mut self, mut task: F)
    where
        F: FnMut() -> Fut,
        Fut: Future<Output: MainOutput>,
    {
        loop {
            let began = self.lifecycle.now();
            // The closure may panic as well.
            let error = match catch_async(async { task().await.into_ending() }).await {
                Ok(MainOutcome::Failed { error }) => Some(error),
                Ok(_) => None,
                Err(panic) => Some(format!("panicked: {}", panic.message())),
            };
            if self.lifecycle.is_stopping() {
                return self.ended_in_the_stop(error);
            }
            let now = self.lifecycle.now();
            let recent = self.ends.record(now, now.saturating_duration_since(began));
            let error = error.unwrap_or_else(|| "it returned".to_owned());
            if self.most_restarts.is_some_and(|most| recent > most) {
                return self.give_up(&error, recent - 1);
            }
            if !self.rest(error).await {
                return;
            }
        }
    }

    /// Waits until the next run. Returns `false` at the notice: nothing begins again after it.
    async fn rest(&self, error: String) -> bool {
        let after = BACKOFF.after(self.ends.in_a_row, random::share());
        let name = self.restarts.name.clone();
        self.restarts.add(&error);
        self.lifecycle.tell(FactKind::Restarting { name, error, after });
        let stopping = std::pin::pin!(self.lifecycle.notices().stopping.wait());
        let time = std::pin::pin!(tokio::time::sleep(after));
        matches!(select(stopping, time).await, Either::Right(_))
    }

    fn give_up(&self, error: &str, restarts: usize) {
        let times = if restarts == 1 { "1 restart".to_owned() } else { format!("{restarts} restarts") };
        let error = format!("{error} (given up after {times} within 10 minutes)");
        self.lifecycle.on(Event::EssentialEnded { name: self.restarts.name.clone(), error: Some(error) });
    }

    fn ended_in_the_stop(&self, error: Option<String>) {
        if let Some(error) = error {
            let name = &self.restarts.name;
            self.lifecycle.on(Event::TaskFailed(format!("supervised task `{name}` failed: {error}")));
        }
    }
}

/// The ends of one task.
#[derive(Debug, Default)]
struct Ends {
    /// The ends since the last healthy run, that one's end included.
    in_a_row: u32,
    /// The ends of the last 10 minutes. The back-off keeps them apart, so they are at most 600.
    recent: VecDeque<Instant>,
}

impl Ends {
    /// Records the end of a run that took this long. Returns the number of ends within the last 10 minutes.
    fn record(&mut self, now: Instant, ran: Duration) -> usize {
        if ran >= HEALTHY {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|end| now.saturating_duration_since(*end) > WINDOW) {
            self.recent.pop_front();
        }
        self.recent.len()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        lock(&self.restarts.state).is_over = true;
    }
}

/// The restarts of one task, for the report.
struct Restarts {
    name: Cow<'static, str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How often the task has begun again.
    count: u64,
    last_error: String,
    /// Whether the task does not begin again.
    is_over: bool,
}

impl Restarts {
    fn add(&self, error: &str) {
        let mut state = lock(&self.state);
        state.count += 1;
        error.clone_into(&mut state.last_error);
    }
}

impl Work for Restarts {
    /// Names nothing: the task is in the register of tasks.
    fn in_flight(&self) -> (Vec<Straggler>, usize) {
        (Vec::new(), 0)
    }

    /// Counts nothing, for the same reason.
    #[cfg(feature = "metrics")]
    fn count(&self, _: &mut Counts) -> bool {
        false
    }

    fn notes(&self) -> Vec<String> {
        let (name, state) = (&self.name, lock(&self.state));
        let error = &state.last_error;
        match state.count {
            0 => Vec::new(),
            1 => vec![format!("supervised task `{name}` was restarted once: {error}")],
            count => {
                vec![format!("supervised task `{name}` was restarted {count} times, the last time: {error}")]
            }
        }
    }

    fn last_word(&self) -> Option<Notice> {
        None
    }

    fn is_forgotten(&self) -> bool {
        let state = lock(&self.state);
        state.is_over && state.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A fixed wait would restart a broken task all day, as often as at first.
    #[test]
    fn the_wait_grows_until_a_run_was_healthy() {
        let (mut ends, now) = (Ends::default(), Instant::now());
        let mut longest = |ran| {
            ends.record(now, ran);
            BACKOFF.after(ends.in_a_row, 1.0)
        };
        let waits: Vec<Duration> = (0..6).map(|_| longest(SECOND)).collect();
        assert_eq!(waits, [2, 4, 8, 16, 30, 30].map(|seconds| seconds * SECOND));
        assert_eq!(longest(59 * SECOND), 30 * SECOND);
        assert_eq!(longest(60 * SECOND), 2 * SECOND);
        assert_eq!(longest(SECOND), 4 * SECOND);
    }

    /// A breaker that counts for ever would stop a service that fails once a day.
    #[test]
    fn only_the_ends_of_ten_minutes_count() {
        let (mut ends, began) = (Ends::default(), Instant::now());
        let mut count = |seconds: u32| ends.record(began + seconds * SECOND, SECOND);
        assert_eq!([0, 100, 600, 601, 1_201, 9_000].map(&mut count), [1, 2, 3, 3, 2, 1]);
    }
}
