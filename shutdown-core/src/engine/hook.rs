//! One teardown: run in a task of its own, which reduces whatever happens to plain data (R7).

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::engine::context::Scoped;
use crate::engine::lifecycle::Lifecycle;
use crate::report::{Failure, FailureKind, Outcome};
use crate::sequence::{Event, InstanceId};
use crate::sync::catch::catch_async;
use crate::sync::lock;
use crate::sync::notice::Notice;

/// Makes the future that tears an instance down; called on the runtime, once.
pub(crate) type Job = Box<dyn FnOnce() -> BoxFuture<'static, Vec<Failure>> + Send>;

/// What runs the teardown of one instance, exactly once.
#[derive(Default)]
pub(crate) struct Hook(Mutex<State>);

#[derive(Default)]
struct State {
    /// There until it is run. It holds the instance, so that nothing is dropped before its turn.
    job: Option<Job>,
    abort: Option<AbortHandle>,
    outcome: Option<Outcome>,
    /// There once somebody waits for the outcome.
    settled: Option<Notice>,
}

impl Hook {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    pub(crate) fn set_job(&self, job: Job) {
        self.state().job = Some(job);
    }

    /// Runs the teardown in a task of its own, which tells the sequence of its begin and its end.
    pub(crate) fn start(self: &Arc<Hook>, lifecycle: &Lifecycle, id: InstanceId, runtime: &Handle) {
        let (hook, owner) = (Arc::clone(self), lifecycle.clone());
        let run = async move {
            owner.on(Event::Began(id));
            let outcome = hook.run().await;
            hook.tell(outcome.clone());
            owner.on(Event::Ended(id, outcome));
        };
        // Boxed: what tokio makes of a task is generated once for each type of future, and for each scheduler.
        let run: BoxFuture<'static, ()> = Box::pin(Scoped::hook(lifecycle.clone(), id, run));
        let task = runtime.spawn(run);
        let mut state = self.state();
        if state.outcome.is_none() {
            state.abort = Some(task.abort_handle());
        }
    }

    /// Runs the teardown here and now; for nobody but the one who may.
    pub(crate) async fn run(&self) -> Outcome {
        let job = self.state().job.take();
        let Some(job) = job else { return Outcome::NotRun };
        // The job's future, and with it the instance, is dropped in here as well.
        let result = catch_async(async move { job().await }).await;
        match result {
            Ok(failures) if failures.is_empty() => Outcome::Ok,
            Ok(failures) => Outcome::Failed(failures),
            Err(panic) => Outcome::Failed(vec![Failure {
                step: "teardown",
                kind: FailureKind::Panic,
                message: panic.message(),
            }]),
        }
    }

    /// Records how it ended, and wakes those who wait for that.
    pub(crate) fn tell(&self, outcome: Outcome) {
        if let Some(settled) = self.settle(outcome) {
            settled.fire();
        }
    }

    /// Records how it ended, unless that is known. What is returned is to be fired, where user code may run.
    #[must_use]
    pub(crate) fn settle(&self, outcome: Outcome) -> Option<Notice> {
        let mut state = self.state();
        if state.outcome.is_none() {
            state.outcome = Some(outcome);
        }
        state.settled.clone()
    }

    /// Its time is up: drops it at its next await, or leaves it where it hangs. What is returned is to be fired, where
    /// user code may run.
    #[must_use]
    pub(crate) fn abandon(&self, outcome: Outcome) -> Option<Notice> {
        let settled = self.settle(outcome);
        let mut state = self.state();
        let (job, abort) = (state.job.take(), state.abort.take());
        drop(state);
        // One that has not begun never will. It holds the instance, whose `Drop` is not for this thread to run.
        std::mem::forget(job);
        if let Some(abort) = abort {
            abort.abort();
        }
        settled
    }

    /// How it ended, once it has.
    pub(crate) async fn outcome(&self) -> Outcome {
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
