//! The threads of the framework, and the jobs that they run.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::sync::catch::catch;
use crate::sync::{lock, wait, wait_timeout_while};

type Job = Box<dyn FnOnce() + Send>;

/// Starts a thread. The kernel allows a name of at most 15 bytes.
pub(crate) fn start(name: &'static str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // Boxed, so that the code with which std starts a thread is generated once.
    let run: Job = Box::new(run);
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map(drop)
}

/// A thread for jobs that may hang. The thread runs one job after the other, and no caller has to wait for a job. It ends
/// when every handle is gone and no job waits.
#[derive(Clone, Default)]
pub(crate) struct Helper(Arc<Handle>);

/// What a helper does again and again, as well as its jobs.
#[cfg_attr(
    not(any(feature = "metrics", all(test, not(loom)))),
    expect(dead_code, reason = "only the metrics tick")
)]
pub(crate) struct Tick {
    /// Returns the time from one call of `run` to the next. Asked after each job.
    pub(crate) every: Box<dyn Fn() -> Duration + Send>,
    pub(crate) run: Box<dyn Fn() + Send>,
}

#[derive(Default)]
struct Handle(Arc<Queue>);

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    /// Whether no job can be added any more.
    is_closed: bool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.0.jobs).is_closed = true;
        self.0.changed.notify_one();
    }
}

impl Helper {
    pub(crate) fn start(name: &'static str) -> io::Result<Helper> {
        let helper = Helper::default();
        let queue = Arc::clone(&helper.0.0);
        // A panic of one job (a foreign waker, a subscriber) must not keep the next one from running.
        start(name, move || {
            while let Some(job) = queue.next() {
                drop(catch(job));
            }
        })?;
        Ok(helper)
    }

    /// Starts a helper that also calls `tick`. A tick that is late is called once, and not made up for.
    pub(crate) fn start_with(name: &'static str, tick: Tick) -> io::Result<Helper> {
        let helper = Helper::default();
        let queue = Arc::clone(&helper.0.0);
        start(name, move || {
            let mut last = Instant::now();
            loop {
                match queue.next_within((tick.every)().saturating_sub(last.elapsed())) {
                    Next::Job(job) => drop(catch(job)),
                    Next::None => {
                        drop(catch(&*tick.run));
                        last = Instant::now();
                    }
                    Next::Closed => return,
                }
            }
        })?;
        Ok(helper)
    }

    /// Adds a job to the queue.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        let _ = self.run_if_queue_is_below(usize::MAX, job);
    }

    /// Adds a job to the queue, or drops the job if `limit` jobs are waiting. Returns whether the job was added.
    pub(crate) fn run_if_queue_is_below(&self, limit: usize, job: impl FnOnce() + Send + 'static) -> bool {
        let queue = &*self.0.0;
        let mut jobs = lock(&queue.jobs);
        let has_room = jobs.waiting.len() < limit;
        if has_room {
            jobs.waiting.push_back(Box::new(job));
            drop(jobs);
            queue.changed.notify_one();
        }
        has_room
    }

    /// Adds a job to the queue, and waits at most `limit` for its end. Returns true if the job has ended.
    pub(crate) fn run_and_wait(&self, limit: Duration, job: impl FnOnce() + Send + 'static) -> bool {
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

/// What a queue has within a time.
enum Next {
    Job(Job),
    None,
    Closed,
}

impl Queue {
    /// Waits for the next job for at most `limit`.
    fn next_within(&self, limit: Duration) -> Next {
        let waits = |jobs: &mut Jobs| jobs.waiting.is_empty() && !jobs.is_closed;
        let mut jobs = wait_timeout_while(&self.changed, lock(&self.jobs), limit, waits);
        match jobs.waiting.pop_front() {
            Some(job) => Next::Job(job),
            None if jobs.is_closed => Next::Closed,
            None => Next::None,
        }
    }

    /// Waits for the next job. `None` if there will be none.
    fn next(&self) -> Option<Job> {
        let mut jobs = lock(&self.jobs);
        loop {
            match jobs.waiting.pop_front() {
                Some(job) => return Some(job),
                None if jobs.is_closed => return None,
                None => jobs = wait(&self.changed, jobs),
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
    fn the_thread_ends_after_the_last_job_of_the_last_handle() {
        let (ends, ended) = std::sync::mpsc::channel::<()>();
        let helper = Helper::start("lc-test").expect("a thread");
        let other = helper.clone();
        drop(helper);
        other.run(move || drop(ends));
        let queue = Arc::downgrade(&other.0.0);
        drop(other);
        assert!(ended.recv().is_err(), "the job runs, although no handle is left");
        while queue.strong_count() > 0 {
            std::thread::yield_now();
        }
    }

    /// Jobs come in between, and a panic costs one tick.
    #[test]
    fn a_helper_ticks_until_its_last_handle_is_gone() {
        let (sender, ticks) = std::sync::mpsc::channel();
        let tick = Tick {
            every: Box::new(|| Duration::from_millis(2)),
            run: Box::new(move || {
                sender.send(()).expect("the test listens");
                std::panic::resume_unwind(Box::new("a recorder"));
            }),
        };
        let helper = Helper::start_with("lc-test", tick).expect("a thread");
        for _ in 0..3 {
            ticks.recv().expect("a tick");
            assert!(helper.run_and_wait(Duration::from_secs(60), || {}));
        }
        drop(helper);
        while ticks.recv().is_ok() {}
    }

    /// A job each millisecond would put off a tick that counts from the last job.
    #[test]
    fn jobs_do_not_put_off_a_tick() {
        let (sender, ticks) = std::sync::mpsc::channel();
        let tick = Tick {
            every: Box::new(|| Duration::from_millis(30)),
            run: Box::new(move || drop(sender.send(()))),
        };
        let helper = Helper::start_with("lc-test", tick).expect("a thread");
        while ticks.try_recv().is_err() {
            helper.run(|| {});
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_full_queue_drops_the_job() {
        let helper = Helper::default();
        helper.run(|| {});
        helper.run_if_queue_is_below(1, || {});
        assert_eq!(lock(&helper.0.0.jobs).waiting.len(), 1);
    }
}
