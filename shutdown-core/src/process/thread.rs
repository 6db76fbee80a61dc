//! The threads of the framework, and the jobs that they run.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::sync::catch::catch;
use crate::sync::{lock, wait, wait_timeout_while};

type Job = Box<dyn FnOnce() + Send>;

/// Starts a thread. The kernel allows a name of at most 15 bytes.
pub(super) fn start(name: &'static str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // Boxed, so that the code with which std starts a thread is generated once.
    let run: Job = Box::new(run);
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map(drop)
}

/// A thread for jobs that may hang. The thread runs one job after the other, and no caller has to wait for a job.
#[derive(Clone, Default)]
pub(super) struct Helper(Arc<Queue>);

#[derive(Default)]
struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    added: Condvar,
}

impl Helper {
    pub(super) fn start(name: &'static str) -> io::Result<Helper> {
        let helper = Helper::default();
        let queue = Arc::clone(&helper.0);
        // The thread ends with the process. A panic of one job (a foreign waker, a subscriber) must not keep the next one
        // from running.
        start(name, move || {
            loop {
                drop(catch(queue.next()));
            }
        })?;
        Ok(helper)
    }

    /// Adds a job to the queue.
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.run_if_queue_is_below(usize::MAX, job);
    }

    /// Adds a job to the queue, or drops the job if `limit` jobs are waiting.
    pub(super) fn run_if_queue_is_below(&self, limit: usize, job: impl FnOnce() + Send + 'static) {
        let mut jobs = lock(&self.0.jobs);
        if jobs.len() < limit {
            jobs.push_back(Box::new(job));
            drop(jobs);
            self.0.added.notify_one();
        }
    }

    /// Adds a job to the queue, and waits at most `limit` for its end. Returns true if the job has ended.
    pub(super) fn run_and_wait(&self, limit: Duration, job: impl FnOnce() + Send + 'static) -> bool {
        let end = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&end);
        self.run(move || {
            job();
            *lock(&theirs.0) = true;
            theirs.1.notify_one();
        });
        let (ended, changed) = &*end;
        *wait_timeout_while(changed, lock(ended), limit, |ended| !*ended)
    }
}

impl Queue {
    fn next(&self) -> Job {
        let mut jobs = lock(&self.jobs);
        loop {
            match jobs.pop_front() {
                Some(job) => return job,
                None => jobs = wait(&self.added, jobs),
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_panics_keeps_no_other_job_from_running() {
        let helper = Helper::start("lc-test").expect("a thread");
        helper.run(|| std::panic::resume_unwind(Box::new("a foreign waker")));
        assert!(helper.run_and_wait(Duration::from_secs(60), || {}));
    }

    #[test]
    fn a_full_queue_drops_the_job() {
        let helper = Helper::default();
        helper.run(|| {});
        helper.run_if_queue_is_below(1, || {});
        assert_eq!(lock(&helper.0.jobs).len(), 1);
    }
}
