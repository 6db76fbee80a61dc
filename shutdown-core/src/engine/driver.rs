//! Steps the sequence, and carries out its actions.
//!
//! Any thread that sees something happen (the signal thread, a worker that ran a teardown, a timer) takes the lock,
//! steps the sequence, releases the lock, and carries out the actions. So a chain of teardowns runs from worker to
//! worker without a detour. The driver (the supervisor thread, or a future in [`Lifecycle::run`]) only keeps the time.
//!
//! No user code runs under the lock, not even a `Drop`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::context::Scoped;
use super::hook::Hook;
use super::lifecycle::{InFlight, Lifecycle};
use crate::observe::log;
use crate::report::{Fact, FactKind, Outcome, Reason, Report};
use crate::resource::scope::{Doubts, TeardownScope};
use crate::sequence::{Action, Event, InstanceId, Sequence};
use crate::stage::TeardownStage;
use crate::sync::notice::Notice;
use crate::sync::{wait, wait_timeout};

/// How long the flush waits for a slow subscriber.
const LOG_LIMIT: Duration = Duration::from_millis(100);

impl Lifecycle {
    /// Steps the sequence by one event, and carries out its actions.
    pub(crate) fn on(&self, event: Event) {
        self.step(|sequence, now, world| sequence.on(now, event, world));
    }

    /// Changes the sequence, and carries out its actions.
    pub(super) fn step<R>(
        &self,
        change: impl FnOnce(&mut Sequence<Arc<Hook>>, Instant, &InFlight) -> R,
    ) -> R {
        let engine = self.engine();
        let now = self.now();
        let mut steps = engine.steps();
        let result = change(&mut steps.sequence, now, &engine.in_flight);
        let actions = steps.sequence.take_actions();
        let wake_at = steps.sequence.wake_at();
        let sleeps_too_long = match (wake_at, steps.asleep_until) {
            (Some(wake_at), Some(asleep_until)) => wake_at < asleep_until,
            (wake_at, None) => wake_at.is_some(),
            (None, Some(_)) => true,
        };
        if sleeps_too_long {
            steps.asleep_until = wake_at;
        }
        drop(steps);
        for action in actions {
            self.carry_out(action);
        }
        if sleeps_too_long {
            engine.changed.notify_one();
            engine.nudge.notify_one();
        }
        result
    }

    fn carry_out(&self, action: Action<Arc<Hook>>) {
        let engine = self.engine();
        match action {
            Action::Begin { reason, deadline } => {
                engine.host.arm(deadline);
                engine.host.fire(&engine.notices.stopping);
                if reason == Reason::MainEnded && self.is_unused() {
                    return;
                }
                engine.host.in_use();
                let left = deadline.saturating_duration_since(self.now());
                self.tell(FactKind::Stopping { reason, left });
            }
            Action::Hurry { deadline } => {
                engine.host.arm(deadline);
                self.tell(FactKind::Hurried { left: deadline.saturating_duration_since(self.now()) });
            }
            Action::Drain => {
                engine.in_flight.gate.close();
                engine.host.fire(&engine.notices.draining);
            }
            Action::CutMain => {
                engine.notices.main_cut.fire();
            }
            Action::CutWork => {
                engine.in_flight.tasks.cut();
                engine.host.fire(&engine.notices.work_cut);
            }
            Action::StartAtNotice(id, hook) => self.start_at_notice(id, &hook),
            Action::AbandonAtNotice(hook) => self.abandon_at_notice(&hook),
            Action::Release(id, hook, timeout) => self.release(id, hook, timeout),
            Action::Start(id, hook, stage) => self.tear_down(id, &hook, stage),
            Action::Abandon(hook, outcome) => {
                self.tell_end(&hook, &outcome);
                if let Some(settled) = hook.abandon(outcome) {
                    engine.host.fire(&settled);
                }
            }
            Action::Scaled(why) => engine.host.scaled(why),
            Action::Tell(kind) => self.tell(kind),
            Action::Exit { mut report, is_told } => {
                report.notes.extend(engine.in_flight.tasks.notes());
                report.notes.extend(engine.in_flight.works.notes());
                #[cfg(feature = "testing")]
                report.notes.extend(engine.drill_note.get().cloned());
                #[cfg(feature = "testing")]
                let is_told = !self.misses_its_fault(&mut report) && is_told;
                if !is_told && !self.is_quiet(&report) {
                    self.tell(FactKind::Stopped { took: report.took, status: report.exit_status() });
                }
                if !engine.observers.is_empty() {
                    self.tell(FactKind::Sealed { report: Arc::new((*report).clone()) });
                }
                let _ = engine.report.set(*report);
                engine.notices.over.fire();
                // A thread that holds the lock now has not seen the report. It waits by the time we get the lock.
                drop(engine.steps());
                engine.changed.notify_one();
            }
            Action::Die(signal) => engine.host.die(signal),
        }
    }

    /// Returns whether a stop has nothing to report: `main` has returned without using the lifecycle (R21).
    pub(crate) fn is_quiet(&self, report: &Report) -> bool {
        self.is_unused() && report.is_only_the_end_of_main()
    }

    /// Runs a teardown in a task of its own, which reports its begin and its end.
    fn tear_down(&self, id: InstanceId, hook: &Arc<Hook>, stage: TeardownStage) {
        // Without a runtime nobody runs this lifecycle, and so nobody waits for the teardown.
        let Some(runtime) = self.engine().runtime.get() else { return };
        let (lifecycle, running) = (self.clone(), Arc::clone(hook));
        // The log of what happened before is in the subscriber before that is flushed.
        let logged = stage.is_last().then(|| {
            let logged = Notice::new();
            self.engine().host.logged(&logged);
            logged
        });
        let task = async move {
            if let Some(logged) = logged {
                let _ = tokio::time::timeout(LOG_LIMIT, logged.wait()).await;
            }
            let scope = lifecycle.begin(id);
            lifecycle.tell_teardown(|| running.began());
            let outcome = running.run(scope).await;
            lifecycle.tell_end(&running, &outcome);
            running.settle_and_wake(outcome.clone());
            lifecycle.on(Event::Ended(id, outcome));
        };
        hook.set_task(runtime.spawn(self.teardown_of(id, task)));
    }

    /// Passes a fact to the log and to the observers (R34).
    pub(crate) fn tell(&self, kind: FactKind) {
        let engine = self.engine();
        #[cfg(feature = "http")]
        engine.readiness.learn(&kind);
        let is_logged = log::is_logged(&kind);
        if !is_logged && engine.observers.is_empty() {
            return;
        }
        let fact = Arc::new(Fact { at: self.now().saturating_duration_since(engine.built), kind });
        engine.observers.tell(&fact);
        if is_logged {
            engine.host.log(fact);
        }
    }

    /// Waits until the observers have received every fact, for at most `limit`, on this thread. Returns a sentence about each
    /// that has not.
    pub(crate) fn settle_observers(&self, limit: Duration) -> Vec<String> {
        self.engine().observers.settle(limit)
    }

    /// Returns whether anyone reads the facts of single teardowns.
    fn tells_teardowns(&self) -> bool {
        log::is_read() || self.engine().observers.take_teardowns()
    }

    /// Passes a fact of one teardown to the log and to the observers. There may be many, so nothing is made without a reader.
    pub(super) fn tell_teardown(&self, kind: impl FnOnce() -> FactKind) {
        if self.tells_teardowns() {
            self.tell(kind());
        }
    }

    /// Tells the end of a teardown, unless it was told before, and what it could not confirm (R22).
    fn tell_end(&self, hook: &Hook, outcome: &Outcome) {
        if let Some(doubts) = hook.doubts_at_the_end(outcome) {
            self.tell(doubts);
        }
        if self.tells_teardowns() && !hook.is_settled() {
            self.tell(hook.ended(outcome));
        }
    }

    /// Reports that a teardown begins, and collects what it has to know of the stop around it.
    fn begin(&self, id: InstanceId) -> TeardownScope {
        let (since, until) = self.step(|sequence, now, world| {
            sequence.on(now, Event::Began(id), world);
            (sequence.stopping_since(), sequence.limit(id).or_else(|| sequence.deadline()))
        });
        let in_flight = self.in_flight();
        let work_was_cut = in_flight.tasks.are_cut();
        TeardownScope {
            stopping_since: since.map(Into::into),
            deadline: until.map(Into::into),
            work_was_cut,
            last_words: if work_was_cut { in_flight.works.last_words() } else { Vec::new() },
            doubts: Doubts::default(),
        }
    }

    /// Tears an instance down outside of a stop, within its time-out.
    pub(super) fn release(&self, id: InstanceId, hook: Arc<Hook>, timeout: Option<Duration>) {
        let lifecycle = self.clone();
        let task = async move {
            lifecycle.tell_teardown(|| hook.began());
            let run = hook.run(TeardownScope::default());
            let outcome = match timeout {
                Some(timeout) => tokio::time::timeout(timeout, run).await.unwrap_or(Outcome::TimedOut),
                None => run.await,
            };
            lifecycle.tell_end(&hook, &outcome);
            hook.settle_and_wake(outcome.clone());
            lifecycle.on(Event::Ended(id, outcome));
        };
        self.runtime().spawn(self.teardown_of(id, task));
    }

    /// Boxed: tokio's code for a task is generated once for each type of future, and for each scheduler.
    pub(super) fn teardown_of(
        &self,
        id: InstanceId,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> BoxFuture<'static, ()> {
        Box::pin(Scoped::teardown(self.clone(), id, task))
    }

    /// Waits on a thread until the sequence needs a tick, or something has changed.
    pub(crate) fn sleep(&self, at_most: Option<Duration>) {
        let engine = self.engine();
        let mut steps = engine.steps();
        let wake_at = steps.sequence.wake_at();
        steps.asleep_until = wake_at;
        let until_wake = wake_at.map(|at| at.saturating_duration_since(self.now()));
        let timeout = match (until_wake, at_most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if engine.notices.over.is_fired() {
            return;
        }
        match timeout {
            Some(timeout) => {
                drop(wait_timeout(&engine.changed, steps, timeout));
            }
            None => drop(wait(&engine.changed, steps)),
        }
    }

    /// Ticks the sequence until the report is sealed.
    pub(super) async fn drive(&self) {
        let engine = self.engine();
        while !engine.notices.over.is_fired() {
            let nudged = engine.nudge.notified();
            let wake_at = {
                let mut steps = engine.steps();
                steps.asleep_until = steps.sequence.wake_at();
                steps.asleep_until
            };
            match wake_at {
                Some(at) => {
                    let _ = tokio::time::timeout_at(tokio::time::Instant::from_std(at), nudged).await;
                }
                None => nudged.await,
            }
            self.on(Event::Tick);
        }
    }
}
