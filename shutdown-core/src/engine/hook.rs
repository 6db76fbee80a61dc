//! One teardown: its result, its error or its panic becomes plain data (R7).

use std::borrow::Cow;
#[cfg(feature = "http")]
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard};

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use super::at_notice::AtNotice;
#[cfg(feature = "http")]
use super::checks::Check;
use crate::report::{FactKind, Failure, FailureKind, Outcome, TEARDOWN};
use crate::resource::scope::{Doubts, TeardownScope};
use crate::sequence::InstanceId;
use crate::sync::catch::catch_async;
use crate::sync::lock;
use crate::sync::notice::Notice;

/// Makes the future that tears an instance down. It is called once, on the runtime.
pub(crate) type Job = Box<dyn FnOnce() -> BoxFuture<'static, Vec<Failure>> + Send>;

/// Runs a job to its end. Its result, its error or its panic becomes the outcome.
pub(super) async fn run(job: Job, scope: TeardownScope, step: &'static str) -> Outcome {
    let doubts = scope.doubts.clone();
    // The job's future, and with it the instance, is dropped in here as well.
    let failures = catch_async(scope.around(async move { job().await }))
        .await
        .unwrap_or_else(|panic| vec![Failure { step, kind: FailureKind::Panic, message: panic.message() }]);
    Outcome::of(failures, doubts.end())
}

/// Runs the teardown of one instance, exactly once (R6).
pub(crate) struct Hook {
    /// The number of the instance.
    id: InstanceId,
    /// The name of the instance.
    name: Cow<'static, str>,
    /// The readiness check of the instance, which ends when the teardown begins.
    #[cfg(feature = "http")]
    check: Option<Arc<Check>>,
    /// The hook of the instance at the notice, if it has one.
    at_notice: Option<Box<AtNotice>>,
    state: Mutex<State>,
}

struct State {
    /// `None` once it runs. The job holds the instance, so that nothing is dropped before its turn.
    job: Option<Job>,
    /// What the teardown could not confirm so far. `None` until it runs.
    doubts: Option<Doubts>,
    /// Its abort drops the running teardown.
    task: Option<JoinHandle<()>>,
    outcome: Option<Outcome>,
    /// `None` until a task waits for the outcome.
    settled: Option<Notice>,
}

impl Hook {
    pub(super) fn new(
        id: InstanceId,
        name: Cow<'static, str>,
        job: Job,
        at_notice: Option<Box<AtNotice>>,
    ) -> Hook {
        let state = State { job: Some(job), doubts: None, task: None, outcome: None, settled: None };
        Hook {
            id,
            name,
            at_notice,
            #[cfg(feature = "http")]
            check: None,
            state: Mutex::new(state),
        }
    }

    /// Adds the readiness check of the instance.
    #[cfg(feature = "http")]
    pub(super) fn with_check(self, check: Option<Arc<Check>>) -> Hook {
        Hook { check, ..self }
    }

    /// Ends the readiness check of the instance: it is not asked any more.
    #[cfg(feature = "http")]
    fn withdraw_check(&self) {
        if let Some(check) = &self.check {
            check.withdraw();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Keeps the task of the teardown. The task of a teardown that was abandoned before is dropped at its next await.
    pub(super) fn set_task(&self, task: JoinHandle<()>) {
        let mut state = self.state();
        if state.outcome.is_none() {
            state.task = Some(task);
        } else {
            drop(state);
            task.abort();
        }
    }

    /// Runs the teardown. Only its owner may call this: the sequence, or a release.
    pub(super) async fn run(&self, scope: TeardownScope) -> Outcome {
        #[cfg(feature = "http")]
        self.withdraw_check();
        let job = {
            let mut state = self.state();
            state.doubts = Some(scope.doubts.clone());
            state.job.take()
        };
        let Some(job) = job else { return Outcome::NotRun };
        let unused = self.at_notice.as_ref().and_then(|hook| hook.take_job());
        let job: Job = match unused {
            // It holds the instance too.
            Some(unused) => Box::new(move || {
                drop(unused);
                job()
            }),
            None => job,
        };
        run(job, scope, TEARDOWN).await
    }

    /// Returns the hook of the instance at the notice, if it has one.
    pub(super) fn at_notice(&self) -> Option<&AtNotice> {
        self.at_notice.as_deref()
    }

    pub(super) fn name(&self) -> &Cow<'static, str> {
        &self.name
    }

    /// Returns whether the outcome is known.
    pub(super) fn is_settled(&self) -> bool {
        self.state().outcome.is_some()
    }

    /// Returns the fact that the teardown begins.
    pub(super) fn began(&self) -> FactKind {
        FactKind::TeardownBegan { name: self.name.clone(), instance: self.id.0 }
    }

    /// Returns the fact that the teardown has ended, or was given up.
    pub(super) fn ended(&self, outcome: &Outcome) -> FactKind {
        FactKind::TeardownEnded { name: self.name.clone(), instance: self.id.0, outcome: outcome.clone() }
    }

    /// Returns the fact that the hook at the notice begins.
    pub(super) fn began_at_notice(&self) -> FactKind {
        FactKind::AtNoticeBegan { name: self.name.clone(), instance: self.id.0 }
    }

    /// Returns the fact that the hook at the notice has ended, or was given up.
    pub(super) fn ended_at_notice(&self, outcome: &Outcome) -> FactKind {
        FactKind::AtNoticeEnded { name: self.name.clone(), instance: self.id.0, outcome: outcome.clone() }
    }

    /// Returns the fact of a teardown that has ended with doubts, or that was given up with some.
    pub(super) fn doubts_at_the_end(&self, outcome: &Outcome) -> Option<FactKind> {
        let doubts = self.state().doubts.take();
        let mut reasons = doubts.map(|doubts| doubts.end()).unwrap_or_default();
        reasons.extend_from_slice(outcome.unconfirmed());
        (!reasons.is_empty()).then(|| FactKind::Unconfirmed { name: self.name.clone(), reasons })
    }

    /// Records the outcome, and wakes the tasks that wait for it.
    pub(super) fn settle_and_wake(&self, outcome: Outcome) {
        if let Some(settled) = self.settle(outcome) {
            settled.fire();
        }
    }

    /// Records the outcome, unless one is known. The caller fires the returned notice where user code may run.
    #[must_use]
    fn settle(&self, outcome: Outcome) -> Option<Notice> {
        let mut state = self.state();
        if state.outcome.is_none() {
            state.outcome = Some(outcome);
        }
        state.settled.clone()
    }

    /// Drops the teardown at its next await, because its time is up. One that blocks is left where it hangs. The
    /// caller fires the returned notice where user code may run.
    #[must_use]
    pub(super) fn abandon(&self, outcome: Outcome) -> Option<Notice> {
        let settled = self.settle(outcome);
        let mut state = self.state();
        let (job, task) = (state.job.take(), state.task.take());
        drop(state);
        // A job that has not begun never will. It holds the instance, whose `Drop` must not run on this thread.
        std::mem::forget((job, self.at_notice.as_ref().and_then(|hook| hook.take_job())));
        if let Some(task) = task {
            task.abort();
        }
        settled
    }

    /// Waits for the outcome.
    pub(super) async fn outcome(&self) -> Outcome {
        loop {
            // Create the waiter, then check.
            let settled = self.state().settled.get_or_insert_with(Notice::new).clone();
            if let Some(outcome) = self.state().outcome.clone() {
                return outcome;
            }
            settled.wait().await;
        }
    }
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::{pending, ready};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::Hook;
    use crate::Lifecycle;
    use crate::report::Outcome;
    use crate::resource::scope::TeardownScope;
    use crate::sequence::InstanceId;
    use crate::sync::lock;

    #[tokio::test(start_paused = true)]
    async fn a_teardown_that_is_abandoned_before_its_task_is_known_is_dropped() {
        let hook = Hook::new(InstanceId(1), "cache".into(), Box::new(|| Box::pin(ready(Vec::new()))), None);
        assert!(hook.abandon(Outcome::TimedOut).is_none());
        let (kept, dropped) = oneshot::channel::<()>();
        hook.set_task(tokio::spawn(async move {
            let _kept = kept;
            pending::<()>().await;
        }));
        let dropped = timeout(Duration::from_secs(1), dropped).await;
        assert!(dropped.expect("the task is dropped").is_err());
    }

    /// Returns what a teardown sees of the stop of a program that spawns `task`.
    async fn scope_of_a_teardown(task: impl Future<Output = ()> + Send + 'static) -> TeardownScope {
        let seen = Arc::new(Mutex::new(TeardownScope::default()));
        let (inside, grace) = (Arc::clone(&seen), Duration::from_secs(10));
        let main = async move {
            crate::spawn(task);
            let look = move || async move { *lock(&inside) = TeardownScope::current() };
            crate::defer("look", look);
        };
        drop(Lifecycle::builder().grace(grace).run(main).await);
        lock(&seen).clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_teardown_knows_that_the_drain_has_cut_off_work() {
        assert!(scope_of_a_teardown(pending()).await.work_was_cut);
        assert!(!scope_of_a_teardown(ready(())).await.work_was_cut);
    }

    #[tokio::test(start_paused = true)]
    async fn r11_a_teardown_knows_its_deadline() {
        assert!(scope_of_a_teardown(ready(())).await.deadline.is_some());
        assert!(TeardownScope::current().deadline.is_none());
    }
}
