//! The readiness checks of the managed instances: each is asked at most once a second, however many probes come (R30).
//!
//! ```text
//!             look                        answer, or 1 s
//!   unasked ---------> asked, unanswered ----------------> answered
//!                            ^                                |
//!                            +-------- look, if 1 s is over --+
//!                                      and the check has ended
//! ```
//!
//! 1. One check runs at a time for one instance. A check that does not end is not asked again.
//! 2. An answer is given once: by the check, or 1 s after its begin without one.
//! 3. A probe waits for the answer of the question that it found or asked, not for a later one. So it waits at most 1 s.
//! 4. After `withdraw` no check begins, and the running one is dropped at its next await.
//! 5. The code of the user runs under no lock. Outside of a current-thread runtime it runs on a thread for blocking code,
//!    so that a check that blocks holds up no worker.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, Either, select};
use tokio::runtime::RuntimeFlavor;

use super::context::Scoped;
use super::lifecycle::Lifecycle;
use super::work::{Answer, Part};
use crate::report::FactKind;
use crate::sync::catch::catch_async;
use crate::sync::notice::Notice;
use crate::sync::{Flag, lock};

/// The time between two questions to one instance.
const INTERVAL: Duration = Duration::from_secs(1);
/// The time that an instance has for its answer.
const LIMIT: Duration = Duration::from_secs(1);

/// Asks an instance.
type Ask = Box<dyn Fn() -> BoxFuture<'static, Answer> + Send + Sync>;

/// The readiness check of one instance.
pub(crate) struct Check {
    name: Cow<'static, str>,
    ask: Ask,
    state: Mutex<State>,
    /// The teardown of the instance has begun.
    withdrawn: Notice,
}

#[derive(Default)]
struct State {
    last: Option<Arc<Question>>,
    /// Whether the check of the last question has not ended.
    runs: bool,
    /// Whether the last answer was a failure.
    has_failed: bool,
}

/// One question to one instance.
struct Question {
    asked: Instant,
    /// Whether a thread has begun to ask.
    begun: Flag,
    answer: OnceLock<Answer>,
    answered: Notice,
}

impl Question {
    /// Returns the reason of a question that has no answer in time.
    fn overdue(&self) -> String {
        let what = if self.begun.is_set() { "answer" } else { "thread was free for the check" };
        format!("no {what} within {} s", LIMIT.as_secs())
    }
}

impl Check {
    pub(super) fn new(name: Cow<'static, str>, ask: Ask) -> Arc<Check> {
        let (state, withdrawn) = (Mutex::default(), Notice::unsharded());
        Arc::new(Check { name, ask, state, withdrawn })
    }

    /// Learns that the teardown of the instance begins, or that it is left out.
    pub(super) fn withdraw(&self) {
        self.withdrawn.fire();
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_fired()
    }

    /// Returns the question whose answer counts now, and whether the caller has to ask it.
    fn look(&self, now: Instant) -> (Arc<Question>, bool) {
        let mut state = lock(&self.state);
        let is_recent = |last: &&Arc<Question>| now.saturating_duration_since(last.asked) < INTERVAL;
        // Invariant 1.
        if let Some(last) = state.last.as_ref().filter(|last| state.runs || is_recent(last)) {
            return (Arc::clone(last), false);
        }
        let question = Arc::new(Question {
            asked: now,
            begun: Flag::default(),
            answer: OnceLock::new(),
            answered: Notice::unsharded(),
        });
        state.last = Some(Arc::clone(&question));
        state.runs = true;
        (question, true)
    }

    /// Gives the question its answer, unless it has one. Returns what the observers learn, if that is a change.
    fn settle(&self, question: &Question, answer: Answer) -> Option<FactKind> {
        // Invariant 2: the first one is the answer.
        question.answer.set(answer.clone()).ok()?;
        question.answered.fire();
        let has_failed = std::mem::replace(&mut lock(&self.state).has_failed, answer.is_err());
        let name = self.name.clone();
        match answer {
            Err(error) if !has_failed => Some(FactKind::NotReady { name, error }),
            Ok(()) if has_failed => Some(FactKind::ReadyAgain { name }),
            _ => None,
        }
    }

    /// Runs the check, within its time.
    async fn run(self: Arc<Check>, lifecycle: Lifecycle, question: Arc<Question>) {
        question.begun.set();
        // A question that waited for a thread until its time was up has its answer already.
        let is_over = self.is_withdrawn() || question.answered.is_fired();
        let asked = async { if is_over { Ok(()) } else { (self.ask)().await } };
        let asked = pin!(catch_async(tokio::time::timeout(LIMIT, asked)));
        let answer = match select(asked, self.withdrawn.wait()).await {
            Either::Left((Ok(Ok(answer)), _)) => answer,
            Either::Left((Ok(Err(_)), _)) => Err(question.overdue()),
            Either::Left((Err(panic), _)) => Err(format!("the check panicked: {}", panic.message())),
            // The instance has left, and nobody reads an answer.
            Either::Right(..) => return,
        };
        lock(&self.state).runs = false;
        if let Some(change) = self.settle(&question, answer) {
            lifecycle.tell(change);
        }
    }
}

/// The readiness checks of one lifecycle, in the order of registration.
#[derive(Default)]
pub(super) struct Checks(Mutex<Vec<Arc<Check>>>);

impl Checks {
    pub(super) fn add(&self, check: Arc<Check>) {
        let mut checks = lock(&self.0);
        // The last handle of a check drops nothing of the user: the check holds no value.
        checks.retain(|check| !check.is_withdrawn());
        checks.push(check);
    }

    fn all(&self) -> Vec<Arc<Check>> {
        lock(&self.0).iter().filter(|check| !check.is_withdrawn()).cloned().collect()
    }
}

impl Lifecycle {
    /// Asks each instance that has a readiness check, all at once, and waits at most 1 s. An instance that was asked within
    /// the last second is not asked again.
    pub(crate) async fn ask_instances(&self) -> Vec<Part> {
        let now = self.now();
        let asked: Vec<_> = self
            .engine()
            .checks
            .all()
            .into_iter()
            .map(|check| {
                let (question, is_new) = check.look(now);
                if is_new {
                    self.ask(&check, &question);
                }
                (check, question)
            })
            .collect();
        let mut parts = Vec::with_capacity(asked.len());
        for (check, question) in asked {
            let left = select(question.answered.wait(), check.withdrawn.wait());
            left.await;
            // An instance that was released meanwhile is not a part any more.
            if let Some(answer) = question.answer.get().filter(|_| !check.is_withdrawn()) {
                parts.push(Part { name: check.name.clone(), answer: answer.clone(), remark: None });
            }
        }
        parts
    }

    fn ask(&self, check: &Arc<Check>, question: &Arc<Question>) {
        let Some(runtime) = self.engine().runtime.get() else {
            lock(&check.state).runs = false;
            check.settle(question, Err("the lifecycle does not run".to_owned()));
            return;
        };
        // The time of the answer runs apart from the check, which may block its thread, or wait for one.
        let (lifecycle, late, overtime) = (self.clone(), Arc::clone(check), Arc::clone(question));
        runtime.spawn(async move {
            if tokio::time::timeout(LIMIT, overtime.answered.wait()).await.is_err()
                && !late.is_withdrawn()
                && let Some(change) = late.settle(&overtime, Err(overtime.overdue()))
            {
                lifecycle.tell(change);
            }
        });
        let run = Arc::clone(check).run(self.clone(), Arc::clone(question));
        let run = Scoped::new(self.clone(), run);
        // Invariant 5.
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            runtime.spawn(run);
        } else {
            let handle = runtime.clone();
            runtime.spawn_blocking(move || handle.block_on(run));
        }
    }
}
