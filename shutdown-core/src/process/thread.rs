//! Threads of ours, and what they are given to do.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::sync::{lock, wait, wait_timeout_while};

type Job = Box<dyn FnOnce() + Send>;

/// Starts a thread. The name is at most 15 characters, as the kernel has it.
pub(super) fn start(name: &'static str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // Boxed here: what std does to start a thread is generated once, not for each of ours.
    let run: Job = Box::new(run);
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map(drop)
}

/// A thread for what may hang: it does what it is given, one thing after the other, and nobody has to wait for it.
#[derive(Clone, Default)]
pub(crate) struct Helper(Arc<Queue>);

#[derive(Default)]
struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    given: Condvar,
}

impl Helper {
    pub(super) fn start(name: &'static str) -> io::Result<Helper> {
        let helper = Helper::default();
        let queue = Arc::clone(&helper.0);
        // It ends with the process, or by a panic of what it does: then the rest is left undone.
        start(name, move || {
            loop {
                let job = queue.next();
                job();
            }
        })?;
        Ok(helper)
    }

    pub(crate) fn give(&self, job: impl FnOnce() + Send + 'static) {
        self.give_unless_behind(usize::MAX, job);
    }

    /// Drops the job if as many as `limit` are waiting.
    pub(crate) fn give_unless_behind(&self, limit: usize, job: impl FnOnce() + Send + 'static) {
        let mut jobs = self.0.jobs();
        if jobs.len() < limit {
            jobs.push_back(Box::new(job));
            drop(jobs);
            self.0.given.notify_one();
        }
    }

    /// Waits for its end at most this long; whether it came.
    pub(super) fn give_and_wait(&self, limit: Duration, job: impl FnOnce() + Send + 'static) -> bool {
        let end = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&end);
        self.give(move || {
            job();
            *lock(&theirs.0) = true;
            theirs.1.notify_one();
        });
        let (ended, changed) = &*end;
        *wait_timeout_while(changed, lock(ended), limit, |ended| !*ended)
    }
}

impl Queue {
    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        lock(&self.jobs)
    }

    fn next(&self) -> Job {
        let mut jobs = self.jobs();
        loop {
            match jobs.pop_front() {
                Some(job) => return job,
                None => jobs = wait(&self.given, jobs),
            }
        }
    }
}
