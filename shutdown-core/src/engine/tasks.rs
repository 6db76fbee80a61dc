//! The registry of tracked tasks: work in flight that the report names by where it was spawned.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard};

use slab::Slab;
use tokio::task::AbortHandle;

use crate::report::Straggler;
use crate::sync::shards::Shards;
use crate::sync::{Flag, lock};

/// The tracked tasks of one lifecycle.
pub(crate) struct Tasks {
    shards: Shards<Mutex<Shard>>,
    /// The tasks in flight have been cut. A task that comes later is aborted at once.
    cut: Flag,
}

#[derive(Default)]
struct Shard {
    tasks: Slab<Task>,
    /// How many tasks this shard has ever held.
    count: u64,
}

struct Task {
    number: u64,
    location: &'static Location<'static>,
    blocking: bool,
    abort: Option<AbortHandle>,
}

/// The place of a task in the registry. Its number tells it from a later task in the same place.
#[derive(Clone, Copy)]
pub(super) struct Place {
    shard: usize,
    key: usize,
    number: u64,
}

impl Default for Tasks {
    fn default() -> Tasks {
        Tasks { shards: Shards::new(Mutex::default), cut: Flag::default() }
    }
}

impl Tasks {
    fn shard(&self, at: usize) -> MutexGuard<'_, Shard> {
        lock(self.shards.at(at))
    }

    pub(super) fn add(&self, location: &'static Location<'static>, blocking: bool) -> Place {
        let at = self.shards.seat();
        let mut shard = self.shard(at);
        shard.count += 1;
        let number = shard.count;
        let key = shard.tasks.insert(Task { number, location, blocking, abort: None });
        Place { shard: at, key, number }
    }

    pub(super) fn remove(&self, place: Place) {
        let task = self.shard(place.shard).tasks.try_remove(place.key);
        drop(task);
    }

    /// Keeps what drops the task early, unless the task has ended. Aborts it if work has been cut in the meantime.
    pub(super) fn set_abort(&self, place: Place, abort: &AbortHandle) {
        let mut shard = self.shard(place.shard);
        if let Some(task) = shard.tasks.get_mut(place.key).filter(|task| task.number == place.number) {
            task.abort = Some(abort.clone());
        }
        drop(shard);
        // Either `cut` finds the handle under the shard's lock, or its flag is seen here after that lock.
        if self.cut.is_set() {
            abort.abort();
        }
    }

    /// Lists the tasks that have not ended, by where they were spawned, and counts them.
    pub(super) fn stragglers(&self) -> (Vec<Straggler>, usize) {
        let mut found: BTreeMap<(bool, &'static Location<'static>), usize> = BTreeMap::new();
        for at in 0..self.shards.len() {
            for (_, task) in &self.shard(at).tasks {
                *found.entry((task.blocking, task.location)).or_default() += 1;
            }
        }
        let total = found.values().sum();
        let straggler = |((blocking, location), count)| match blocking {
            true => Straggler::Blocking { location, count },
            false => Straggler::Tasks { location, count },
        };
        (found.into_iter().map(straggler).collect(), total)
    }

    /// Returns whether work has been cut. The notice of it may still be on its way.
    pub(crate) fn are_cut(&self) -> bool {
        self.cut.is_set()
    }

    /// Drops every tracked future at its next await. A task that blocks its thread goes on.
    pub(super) fn cut(&self) {
        self.cut.set();
        for at in 0..self.shards.len() {
            let handles: Vec<AbortHandle> =
                self.shard(at).tasks.iter_mut().filter_map(|(_, task)| task.abort.take()).collect();
            handles.iter().for_each(AbortHandle::abort);
        }
    }
}
