//! Supervised tasks: a task that ends or panics begins again (R32).

mod restarts;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::task::JoinHandle;

use self::restarts::{Phase, Restarts, given_up};
use super::context;
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use crate::backoff::Backoff;
use crate::random;
use crate::report::{FactKind, MainOutcome};
use crate::sequence::Event;
use crate::sync::catch::catch_async;

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
    limits: Limits,
}

/// After how many restarts within [`WINDOW`] something happens.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    give_up: Option<usize>,
    not_ready: Option<usize>,
}

impl Supervised {
    /// Creates a task with this name in logs and reports. Without options it begins again until the stop.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Supervised {
        Supervised { name: name.into(), limits: Limits::default() }
    }

    /// Stops the service with status 1 if the task needs more than `restarts` restarts within 10 minutes.
    ///
    /// The reason of the stop is the last error. Ends that are further apart never stop the service. With 0 restarts, the
    /// first end does.
    #[doc(alias("max_restarts", "circuit breaker"))]
    pub fn give_up(mut self, restarts: usize) -> Supervised {
        self.limits.give_up = Some(restarts);
        self
    }

    /// Makes the service not ready if the task needs more than `restarts` restarts within 10 minutes: `/readyz` answers
    /// 503, and `/readyz?verbose` names the task and its last error. Defaults to a readiness that does not depend on the
    /// task.
    ///
    /// The task begins again as before. The service is ready again once a run has lasted 60 s. Such a run is healthy, and
    /// the ends before it do not count any more. With 0 restarts, the first end makes the service not ready.
    ///
    /// The probes need the feature `http`. A task that is aborted does not count any more.
    ///
    /// [`give_up`](Supervised::give_up) stops the service instead. Both can be configured, with a larger number for
    /// `give_up`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lifecycle::Supervised;
    ///
    /// # async fn follow_the_leader() -> std::io::Result<()> {
    /// #     lifecycle::stopping().await;
    /// #     Ok(())
    /// # }
    /// # #[lifecycle::main]
    /// # async fn main() {
    /// // Stale data after 4 failures in a row: clients go to another instance. After 21 of them, this one ends.
    /// Supervised::new("replica").not_ready_after(3).give_up(20).spawn(follow_the_leader);
    /// # lifecycle::shutdown("an example ends");
    /// # }
    /// ```
    #[doc(alias("circuit breaker", "unhealthy"))]
    pub fn not_ready_after(mut self, restarts: usize) -> Supervised {
        self.limits.not_ready = Some(restarts);
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
        let Supervised { name, limits } = self;
        let restarts = Arc::new(Restarts::new(name.clone()));
        lifecycle.in_flight().works.add(Arc::clone(&restarts) as _);
        let supervisor = Supervisor { lifecycle: lifecycle.clone(), restarts, limits, ends: Ends::default() };
        lifecycle.spawn_tracked(Some(name), Location::caller(), supervisor.run(task))
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
    limits: Limits,
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
            self.restarts.begins();
            // The closure may panic as well.
            let run = catch_async(async { task().await.into_ending() });
            let error = match self.until_healthy(run).await {
                Ok(MainOutcome::Failed { error }) => Some(error),
                Ok(_) => None,
                Err(panic) => Some(format!("panicked: {}", panic.message())),
            };
            if self.lifecycle.is_stopping() {
                return self.ended_in_the_stop(error);
            }
            let now = self.lifecycle.now();
            let ran = now.saturating_duration_since(began);
            let recent = self.ends.record(now, ran);
            if ran >= HEALTHY {
                self.ready_again();
            }
            let error = error.unwrap_or_else(|| "it returned".to_owned());
            self.restarts.ended(&error);
            if self.limits.give_up.is_some_and(|most| recent > most) {
                return self.give_up(&error, recent - 1);
            }
            if self.limits.not_ready.is_some_and(|most| self.ends.since_a_healthy_run() > most) {
                self.not_ready(&error);
            }
            if !self.rest(error).await {
                return;
            }
        }
    }

    /// Runs the task, and makes the service ready again if the run turns out to be healthy.
    async fn until_healthy<R: Future>(&self, run: R) -> R::Output {
        let mut run = pin!(run);
        if self.restarts.is_unready() {
            match select(run.as_mut(), pin!(tokio::time::sleep(HEALTHY))).await {
                Either::Left((ended, _)) => return ended,
                Either::Right(_) => self.ready_again(),
            }
        }
        run.await
    }

    fn not_ready(&self, error: &str) {
        let is_new = !self.restarts.set_unready(Some(self.ends.since_a_healthy_run()));
        if is_new {
            let (name, error) = (self.restarts.name.clone(), self.restarts.unready_because(error));
            self.lifecycle.tell(FactKind::NotReady { name, error });
        }
    }

    fn ready_again(&self) {
        if self.restarts.set_unready(None) {
            self.lifecycle.tell(FactKind::ReadyAgain { name: self.restarts.name.clone() });
        }
    }

    /// Waits until the next run. Returns `false` at the notice: nothing begins again after it.
    async fn rest(&self, error: String) -> bool {
        let after = BACKOFF.after(self.ends.in_a_row, random::share());
        let name = self.restarts.name.clone();
        self.restarts.set(Phase::Waits { until: self.lifecycle.now() + after });
        self.lifecycle.tell(FactKind::Restarting { name, error, after });
        let (stopping, time) = (self.lifecycle.notices().stopping.wait(), tokio::time::sleep(after));
        match select(pin!(stopping), pin!(time)).await {
            Either::Left(_) => {
                self.restarts.set(Phase::WaitedAtTheStop);
                false
            }
            Either::Right(_) => true,
        }
    }

    fn give_up(&self, error: &str, restarts: usize) {
        self.restarts.set(Phase::GivenUp { restarts });
        let error = format!("{error} ({})", given_up(restarts));
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

    /// Returns the number of ends within the last 10 minutes that no healthy run precedes.
    fn since_a_healthy_run(&self) -> usize {
        usize::try_from(self.in_a_row).map_or(self.recent.len(), |in_a_row| in_a_row.min(self.recent.len()))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let was_aborted = self.restarts.end() && !self.lifecycle.is_stopping();
        if was_aborted {
            // The service does without the task.
            self.ready_again();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::work::Work as _;

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

    /// A service that spawns such tasks again and again would otherwise keep each of them.
    #[test]
    fn only_a_task_that_is_over_and_was_never_restarted_is_forgotten() {
        for was_restarted in [false, true] {
            let restarts = Arc::new(Restarts::new("sync".into()));
            let supervisor = Supervisor {
                lifecycle: Lifecycle::builder().build(),
                restarts: Arc::clone(&restarts),
                limits: Limits::default(),
                ends: Ends::default(),
            };
            restarts.begins();
            if was_restarted {
                restarts.begins();
            }
            assert!(!restarts.is_forgotten());
            drop(supervisor);
            assert_eq!(restarts.is_forgotten(), !was_restarted);
        }
    }

    /// A breaker that counts for ever would stop a service that fails once a day.
    #[test]
    fn only_the_ends_of_ten_minutes_count() {
        let (mut ends, began) = (Ends::default(), Instant::now());
        let mut count = |seconds: u32| ends.record(began + seconds * SECOND, SECOND);
        assert_eq!([0, 100, 600, 601, 1_201, 9_000].map(&mut count), [1, 2, 3, 3, 2, 1]);
    }
}
