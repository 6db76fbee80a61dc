//! Supervised tasks: a task that ends or panics begins again (R32).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::panic::Location;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::task::JoinHandle;

use super::context;
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
#[cfg(feature = "http")]
use super::work::Part;
use super::work::Work;
use crate::backoff::Backoff;
#[cfg(feature = "metrics")]
use crate::observe::metrics::{Counts, SupervisedState};
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
        let restarts = Arc::new(Restarts { name: name.clone(), state: Mutex::default() });
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
            let recent = self.ends.record(now, now.saturating_duration_since(began));
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
        self.restarts.set_unready(None);
        self.lifecycle.tell(FactKind::ReadyAgain { name: self.restarts.name.clone() });
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

fn given_up(restarts: usize) -> String {
    let times = if restarts == 1 { "1 restart".to_owned() } else { format!("{restarts} restarts") };
    format!("given up after {times} within 10 minutes")
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
        let mut state = lock(&self.restarts.state);
        if matches!(state.phase, Phase::Runs | Phase::Waits { .. }) {
            state.phase = Phase::Over;
        }
    }
}

/// What has become of one task, for the report, the readiness and the metrics.
struct Restarts {
    name: Cow<'static, str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// How often the task has begun.
    begun: u64,
    /// The error of the last end. `None` before the first one.
    last_error: Option<String>,
    /// The number of ends that makes the service not ready.
    unready: Option<usize>,
}

/// Where a task is between two runs.
#[derive(Clone, Copy, Default)]
enum Phase {
    #[default]
    Runs,
    Waits {
        until: Instant,
    },
    /// The stop began while the task waited.
    WaitedAtTheStop,
    GivenUp {
        restarts: usize,
    },
    /// The task does not begin again: it was aborted, or it ended in the stop.
    Over,
}

impl State {
    fn restarts(&self) -> u64 {
        self.begun.saturating_sub(1)
    }
}

impl Restarts {
    fn begins(&self) {
        let mut state = lock(&self.state);
        state.begun += 1;
        state.phase = Phase::Runs;
    }

    fn ended(&self, error: &str) {
        lock(&self.state).last_error = Some(error.to_owned());
    }

    fn set(&self, phase: Phase) {
        lock(&self.state).phase = phase;
    }

    /// Makes the service not ready, or ready again. Returns whether it was not ready before.
    fn set_unready(&self, ends: Option<usize>) -> bool {
        std::mem::replace(&mut lock(&self.state).unready, ends).is_some()
    }

    fn is_unready(&self) -> bool {
        lock(&self.state).unready.is_some()
    }

    /// Returns why the service is not ready.
    fn unready_because(&self, error: &str) -> String {
        match lock(&self.state).unready.unwrap_or_default() {
            1 => format!("ended once within 10 minutes: {error}"),
            ends => format!("ended {ends} times within 10 minutes, the last time: {error}"),
        }
    }
}

impl Work for Restarts {
    /// Names nothing: the task is in the register of tasks.
    fn in_flight(&self) -> (Vec<Straggler>, usize) {
        (Vec::new(), 0)
    }

    /// Counts nothing in flight, for the same reason.
    #[cfg(feature = "metrics")]
    fn count(&self, counts: &mut Counts) -> bool {
        let state = lock(&self.state);
        let now = match state.phase {
            Phase::Runs => SupervisedState::Running,
            Phase::Waits { .. } | Phase::WaitedAtTheStop => SupervisedState::Waiting,
            Phase::GivenUp { .. } => SupervisedState::GivenUp,
            Phase::Over => SupervisedState::Over,
        };
        let counted = counts.supervised.entry(self.name.clone()).or_default();
        counted.restarts += state.restarts();
        counted.add(now);
        false
    }

    #[cfg(feature = "http")]
    fn part(&self, now: Instant) -> Option<Part> {
        let state = lock(&self.state);
        let (phase, error) = (state.phase, state.last_error.clone());
        let (is_unready, restarts) = (state.unready.is_some(), state.restarts());
        drop(state);
        let error = error.unwrap_or_default();
        let remark = match phase {
            Phase::Waits { until } => {
                let seconds = until.saturating_duration_since(now).as_secs_f64().ceil();
                Some(format!("begins again in {seconds} s: {error}"))
            }
            Phase::Runs if restarts > 0 => Some(format!("{}, the last time: {error}", times(restarts))),
            Phase::Runs => None,
            Phase::WaitedAtTheStop | Phase::GivenUp { .. } | Phase::Over => return None,
        };
        let answer = if is_unready { Err(self.unready_because(&error)) } else { Ok(()) };
        Some(Part { name: self.name.clone(), answer, remark })
    }

    fn notes(&self) -> Vec<String> {
        let (name, state) = (&self.name, lock(&self.state));
        let Some(error) = &state.last_error else { return Vec::new() };
        let what = match (state.phase, state.restarts()) {
            (Phase::GivenUp { restarts }, _) => format!("was {}: {error}", given_up(restarts)),
            (Phase::WaitedAtTheStop, 0) => format!("waited for its second run when the stop began: {error}"),
            (Phase::WaitedAtTheStop, restarts) => {
                format!("was {}, and waited for its next run when the stop began: {error}", times(restarts))
            }
            (_, 0) => return Vec::new(),
            (_, 1) => format!("was restarted once: {error}"),
            (_, restarts) => format!("was {}, the last time: {error}", times(restarts)),
        };
        let unready = if state.unready.is_some() { " (the service was not ready)" } else { "" };
        vec![format!("supervised task `{name}` {what}{unready}")]
    }

    fn last_word(&self) -> Option<Notice> {
        None
    }

    fn is_forgotten(&self) -> bool {
        let state = lock(&self.state);
        matches!(state.phase, Phase::Over) && state.restarts() == 0
    }
}

fn times(restarts: u64) -> String {
    if restarts == 1 { "restarted once".to_owned() } else { format!("restarted {restarts} times") }
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

    /// A service that spawns such tasks again and again would otherwise keep each of them.
    #[test]
    fn only_a_task_that_is_over_and_was_never_restarted_is_forgotten() {
        for was_restarted in [false, true] {
            let restarts = Arc::new(Restarts { name: "sync".into(), state: Mutex::default() });
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
