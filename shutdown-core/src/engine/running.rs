//! The lifecycles that run in a runtime of the caller, by that runtime. A task of `tokio::spawn` finds its own here.

use std::sync::{Mutex, MutexGuard};

use tokio::runtime::{Handle, Id};

use super::lifecycle::Lifecycle;
use crate::sync::{Flag, lock};

static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

static ANY: Flag = Flag::new();

struct Running {
    runtime: Id,
    lifecycle: Lifecycle,
}

fn running() -> MutexGuard<'static, Vec<Running>> {
    lock(&RUNNING)
}

/// Announces a lifecycle that runs on a runtime, until the guard is dropped.
pub(super) struct Announced {
    lifecycle: Lifecycle,
}

impl Announced {
    pub(super) fn new(lifecycle: &Lifecycle, runtime: &Handle) -> Announced {
        running().push(Running { runtime: runtime.id(), lifecycle: lifecycle.clone() });
        ANY.set();
        Announced { lifecycle: lifecycle.clone() }
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let mut all = running();
        let at = all.iter().position(|running| running.lifecycle.is_same(&self.lifecycle));
        let removed = at.map(|at| all.swap_remove(at));
        drop(all);
        // The last handle drops what is managed, which is code of the user.
        drop(removed);
    }
}

/// Returns whether a lifecycle has ever run in a runtime of the caller.
pub(super) fn has_any() -> bool {
    ANY.is_set()
}

/// The place of a thread among the lifecycles that run.
pub(super) enum Place {
    /// The thread belongs to the runtime of this lifecycle, and of no other one.
    In(Lifecycle),
    /// This number of lifecycles runs on the runtime of the thread.
    Among(usize),
    /// The thread belongs to a runtime on which no lifecycle runs.
    OtherRuntime,
    /// The thread belongs to no runtime.
    NoRuntime,
}

impl Place {
    /// Finds the place of the calling thread.
    pub(super) fn of_this_thread() -> Place {
        let Ok(runtime) = Handle::try_current().map(|handle| handle.id()) else { return Place::NoRuntime };
        let all = running();
        let mut here = all.iter().filter(|running| running.runtime == runtime);
        match (here.next(), here.count()) {
            (None, _) => Place::OtherRuntime,
            (Some(running), 0) => Place::In(running.lifecycle.clone()),
            (Some(_), others) => Place::Among(others + 1),
        }
    }
}
