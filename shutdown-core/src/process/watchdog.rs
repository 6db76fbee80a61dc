//! The hard deadline: a thread that only sleeps until it, and then leaves the process (R9).

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Instant;

use super::signal::leave_now;
use super::thread;
use crate::sync::{lock, wait, wait_timeout};

/// The status of a process that its watchdog had to end.
const STRUCK: i32 = 124;

/// Armed when a stop begins, and never disarmed: a process that ends well is gone before it fires.
pub(crate) struct Watchdog(Arc<Shared>);

#[derive(Default)]
struct Shared {
    deadline: Mutex<Option<Instant>>,
    armed: Condvar,
}

impl Watchdog {
    pub(super) fn start() -> io::Result<Watchdog> {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        thread::start("lc-watchdog", move || watched.watch())?;
        Ok(Watchdog(shared))
    }

    /// The process is gone at `deadline`, or at an earlier one that was set before.
    pub(crate) fn arm(&self, deadline: Instant) {
        let mut current = self.0.deadline();
        *current = Some(current.map_or(deadline, |current| current.min(deadline)));
        self.0.armed.notify_one();
    }
}

impl Shared {
    fn deadline(&self) -> MutexGuard<'_, Option<Instant>> {
        lock(&self.deadline)
    }

    fn watch(&self) {
        let mut deadline = self.deadline();
        loop {
            deadline = match *deadline {
                None => wait(&self.armed, deadline),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        leave_now(STRUCK);
                    }
                    wait_timeout(&self.armed, deadline, left)
                }
            };
        }
    }
}
