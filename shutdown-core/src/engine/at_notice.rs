//! The hook of one instance at the notice (R31): how it runs, and how it is dropped when its time is up.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::task::AbortHandle;

use super::hook::{Hook, Job, run};
use super::lifecycle::Lifecycle;
use crate::report::{FactKind, Outcome};
use crate::resource::scope::{Doubts, TeardownScope};
use crate::sequence::{Event, InstanceId};
use crate::sync::lock;

/// The hook of one instance at the notice. It runs at most once.
pub(crate) struct AtNotice {
    /// The name of the method.
    step: &'static str,
    doubts: Doubts,
    state: Mutex<State>,
}

struct State {
    /// `None` once it runs. The job holds the instance.
    job: Option<Job>,
    abort: Option<AbortHandle>,
    /// Whether it has ended, or was given up.
    is_over: bool,
}

impl AtNotice {
    pub(super) fn new(step: &'static str, job: Job) -> AtNotice {
        let state = State { job: Some(job), abort: None, is_over: false };
        AtNotice { step, doubts: Doubts::default(), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes the job of a hook that never runs. The caller drops the job where user code may run.
    pub(super) fn take_job(&self) -> Option<Job> {
        let mut state = self.state();
        state.is_over = true;
        state.job.take()
    }

    /// Takes the job to run it. It is `None` if the hook was given up before a thread took it.
    fn begin(&self) -> Option<Job> {
        let mut state = self.state();
        if state.is_over { None } else { state.job.take() }
    }

    /// Keeps what drops the running hook. A hook that was given up before is dropped at once.
    fn set_abort(&self, abort: AbortHandle) {
        let mut state = self.state();
        if state.is_over {
            drop(state);
            abort.abort();
        } else {
            state.abort = Some(abort);
        }
    }

    /// Makes the hook over. Returns whether it was not, with what drops its task.
    fn end(&self) -> (bool, Option<AbortHandle>) {
        let mut state = self.state();
        let was_over = std::mem::replace(&mut state.is_over, true);
        (!was_over, state.abort.take())
    }
}

/// Tells the sequence that a hook has ended, or was dropped.
struct Ending {
    lifecycle: Lifecycle,
    id: InstanceId,
    outcome: Outcome,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::Ok);
        self.lifecycle.on(Event::AtNoticeEnded(self.id, outcome));
    }
}

impl Lifecycle {
    /// Runs the hook of an instance at the notice, in a task of its own.
    pub(super) fn start_at_notice(&self, id: InstanceId, hook: &Arc<Hook>) {
        // Without a runtime nobody runs this lifecycle, and so nobody waits for the hook.
        let (Some(runtime), Some(at_notice)) = (self.engine().runtime.get(), hook.at_notice()) else {
            return;
        };
        let (lifecycle, running) = (self.clone(), Arc::clone(hook));
        let ending = Ending { lifecycle: self.clone(), id, outcome: Outcome::TimedOut };
        let task = async move {
            // The first local is dropped last: the hook is gone when the sequence learns it.
            let mut ending = ending;
            let Some(at_notice) = running.at_notice() else { return };
            let Some(job) = at_notice.begin() else { return };
            lifecycle.tell_teardown(|| running.began_at_notice());
            let (since, until) =
                lifecycle.step(|sequence, _, _| (sequence.stopping_since(), sequence.limit(id)));
            let scope = TeardownScope {
                stopping_since: since.map(Into::into),
                deadline: until.map(Into::into),
                doubts: at_notice.doubts.clone(),
                ..TeardownScope::default()
            };
            let outcome = run(job, scope, at_notice.step).await;
            lifecycle.tell_end_at_notice(&running, &outcome);
            ending.outcome = outcome;
        };
        let task = runtime.spawn(self.teardown_of(id, task));
        at_notice.set_abort(task.abort_handle());
    }

    /// Drops the hook of an instance at its next await, because its time is up. One that blocks is left where it hangs.
    pub(super) fn abandon_at_notice(&self, hook: &Arc<Hook>) {
        if let Some(abort) = self.tell_end_at_notice(hook, &Outcome::TimedOut) {
            abort.abort();
        }
    }

    /// Tells the end of a hook, unless it was told before, and what it could not confirm (R22).
    fn tell_end_at_notice(&self, hook: &Hook, outcome: &Outcome) -> Option<AbortHandle> {
        let at_notice = hook.at_notice()?;
        let (is_first, abort) = at_notice.end();
        if is_first {
            let mut reasons = at_notice.doubts.end();
            reasons.extend_from_slice(outcome.unconfirmed());
            if !reasons.is_empty() {
                self.tell(FactKind::Unconfirmed { name: hook.name().clone(), reasons });
            }
            self.tell_teardown(|| hook.ended_at_notice(outcome));
        }
        abort
    }
}
