//! The watchdog: a thread that sleeps until the deadline, and then ends the process with one line on
//! stderr (R9).

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::reporter::Reporter;
use super::system::exit_at_deadline;
use crate::sync::{lock, thread, wait, wait_timeout};

/// Armed when a stop begins, and never disarmed: a process that ends well is gone before the deadline.
pub(super) struct Watchdog(Arc<Shared>);

#[derive(Default)]
struct Shared {
    deadline: Mutex<Option<Instant>>,
    armed: Condvar,
}

impl Watchdog {
    pub(super) fn start(reporter: Reporter) -> io::Result<Watchdog> {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        thread::start("lc-watchdog", move || watched.watch(&reporter))?;
        Ok(Watchdog(shared))
    }

    /// Ends the process at `deadline`, or at an earlier deadline that was set before.
    pub(super) fn arm(&self, deadline: Instant) {
        let mut current = lock(&self.0.deadline);
        *current = Some(current.map_or(deadline, |current| current.min(deadline)));
        self.0.armed.notify_one();
    }
}

impl Shared {
    fn watch(&self, reporter: &Reporter) {
        let mut deadline = lock(&self.deadline);
        loop {
            deadline = match *deadline {
                None => wait(&self.armed, deadline),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        exit_at_deadline(reporter);
                    }
                    wait_timeout(&self.armed, deadline, left)
                }
            };
        }
    }
}
