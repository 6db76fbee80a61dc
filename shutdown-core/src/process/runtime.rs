//! The tokio runtime of a process: how it is built, and how it is left.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime, RuntimeFlavor};
use tokio::time::{Sleep, sleep};

use super::options::RuntimeOptions;
use crate::sync::{lock, wait_timeout_while};

/// The longest wait for a blocking call that nobody tracks: a read of stdin, a DNS lookup (R20).
const BLOCKING_LIMIT: Duration = Duration::from_millis(50);
/// The most workers that tokio's scheduler can count.
const MOST_WORKERS: usize = 65_535;

/// Options of the runtime that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RuntimeError {
    /// An option is given, and a builder as well.
    BesideABuilder {
        option: &'static str,
    },
    WorkersOfOneThread,
    Workers {
        value: usize,
    },
    BlockingThreads,
    ThreadName {
        value: String,
    },
    UnknownFlavor {
        flavor: RuntimeFlavor,
    },
}

/// Makes the builder of the runtime. All drivers of tokio are on, because a teardown may need each of them.
pub(super) fn builder(options: RuntimeOptions) -> Result<Builder, RuntimeError> {
    let RuntimeOptions { builder, flavor, worker_threads, max_blocking_threads, thread_name } = options;
    let mut builder = if let Some(builder) = builder {
        let given = [
            ("flavor", flavor.is_some()),
            ("worker_threads", worker_threads.is_some()),
            ("max_blocking_threads", max_blocking_threads.is_some()),
            ("thread_name", thread_name.is_some()),
        ];
        if let Some((option, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(RuntimeError::BesideABuilder { option });
        }
        builder
    } else {
        match (flavor, worker_threads) {
            (Some(RuntimeFlavor::CurrentThread), Some(_)) => return Err(RuntimeError::WorkersOfOneThread),
            (Some(RuntimeFlavor::CurrentThread), None) => Builder::new_current_thread(),
            (Some(RuntimeFlavor::MultiThread) | None, _) => Builder::new_multi_thread(),
            (Some(flavor), _) => return Err(RuntimeError::UnknownFlavor { flavor }),
        }
    };
    if let Some(value) = worker_threads {
        if value == 0 || value > MOST_WORKERS {
            return Err(RuntimeError::Workers { value });
        }
        builder.worker_threads(value);
    }
    if let Some(value) = max_blocking_threads {
        if value == 0 {
            return Err(RuntimeError::BlockingThreads);
        }
        builder.max_blocking_threads(value);
    }
    if let Some(value) = thread_name {
        if value.contains('\0') {
            return Err(RuntimeError::ThreadName { value });
        }
        builder.thread_name(value);
    }
    builder.enable_all();
    Ok(builder)
}

/// The threads that a runtime has left behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    Nothing,
    /// A call on a blocking thread, which nobody tracks.
    BlockingCall,
    /// A worker, and the task that it runs.
    Worker,
}

/// Shuts `runtime` down. Waits at most `limit` for its workers, and at most 50 ms for its blocking threads.
pub(super) fn shut_down(runtime: Runtime, limit: Duration) -> Left {
    let (scheduler, begun) = (SchedulerEnd::of(&runtime), Instant::now());
    let limit_of_all = limit.min(BLOCKING_LIMIT);
    runtime.shutdown_timeout(limit_of_all);
    if begun.elapsed() < limit_of_all {
        Left::Nothing
    } else if scheduler.wait(limit.saturating_sub(begun.elapsed())) {
        Left::BlockingCall
    } else {
        Left::Worker
    }
}

/// Tells whether the scheduler of a runtime has ended.
///
/// The pool of tokio runs workers and blocking calls on threads of one kind, and says only that some have not ended. The
/// hooks of a builder could tell them apart, but would replace the hooks that the program has set. A timer tells it, too:
/// the last worker that ends shuts the time driver down, which wakes every timer.
struct SchedulerEnd {
    ended: Arc<Ended>,
    /// The timer is registered as long as it exists.
    _timer: Pin<Box<Sleep>>,
}

#[derive(Default)]
struct Ended {
    has_ended: Mutex<bool>,
    changed: Condvar,
}

impl SchedulerEnd {
    fn of(runtime: &Runtime) -> SchedulerEnd {
        const NEVER: Duration = Duration::from_secs(86_400 * 365);
        let ended = Arc::new(Ended::default());
        let _inside = runtime.enter();
        let mut timer = Box::pin(sleep(NEVER));
        let waker = Waker::from(Arc::clone(&ended));
        // Registers the waker. The result says only that a year is not over.
        let _ = timer.as_mut().poll(&mut Context::from_waker(&waker));
        SchedulerEnd { ended, _timer: timer }
    }

    fn wait(&self, limit: Duration) -> bool {
        let has_ended = lock(&self.ended.has_ended);
        *wait_timeout_while(&self.ended.changed, has_ended, limit, |has_ended| !*has_ended)
    }
}

impl Wake for Ended {
    fn wake(self: Arc<Ended>) {
        *lock(&self.has_ended) = true;
        self.changed.notify_one();
    }
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuntimeError::BesideABuilder { option } => write!(
                f,
                "`runtime` and `{option}` are both given: configure `{option}` in the builder that `runtime` receives"
            ),
            RuntimeError::WorkersOfOneThread => {
                f.write_str("a current-thread runtime has no worker threads: remove `worker_threads`")
            }
            RuntimeError::Workers { value } => {
                write!(f, "worker_threads is {value}: expected a number from 1 to {MOST_WORKERS}")
            }
            RuntimeError::BlockingThreads => {
                f.write_str("max_blocking_threads is 0: expected a number of at least 1")
            }
            RuntimeError::ThreadName { value } => {
                write!(f, "thread_name is {value:?}: expected a name without a NUL character")
            }
            RuntimeError::UnknownFlavor { flavor } => write!(
                f,
                "the runtime flavor `{flavor:?}` is unknown: expected `RuntimeFlavor::MultiThread` or \
                 `RuntimeFlavor::CurrentThread`"
            ),
        }
    }
}

impl Error for RuntimeError {}
