//! The registry of tracked tasks: work in flight that the report names by where it was spawned.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard};

use slab::Slab;
use tokio::task::AbortHandle;

use crate::report::Straggler;
use crate::sync::shards::Shards;
use crate::sync::{Activity, Flag, lock};

/// The tracked tasks of one lifecycle.
pub(crate) struct Tasks {
    shards: Shards<Mutex<Shard>>,
    /// The tasks in flight have been cut. A task that comes later is aborted at once.
    cut: Flag,
    /// The closures that were running when the tasks were cut. A thread cannot be aborted.
    left_running: Mutex<Vec<(Place, &'static Location<'static>)>>,
}

#[derive(Default)]
struct Shard {
    tasks: Slab<Task>,
    /// How many tasks this shard has ever held.
    count: u64,
}

struct Task {
    number: u64,
    /// The name of an essential or a supervised task.
    name: Option<Cow<'static, str>>,
    location: &'static Location<'static>,
    /// `None` for a closure, which is always busy.
    activity: Option<Arc<Activity>>,
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
        Tasks { shards: Shards::new(Mutex::default), cut: Flag::default(), left_running: Mutex::default() }
    }
}

impl Tasks {
    fn shard(&self, at: usize) -> MutexGuard<'_, Shard> {
        lock(self.shards.at(at))
    }

    pub(super) fn add(
        &self,
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
        activity: Option<Arc<Activity>>,
    ) -> Place {
        let at = self.shards.seat();
        let mut shard = self.shard(at);
        shard.count += 1;
        let number = shard.count;
        let key = shard.tasks.insert(Task { number, name, location, activity, abort: None });
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

    /// Lists the tasks that have not ended, by where they were spawned, and counts them. With `tell_idle`, tasks that
    /// have done nothing since the drain began are listed apart.
    pub(super) fn stragglers(&self, tell_idle: bool) -> (Vec<Straggler>, usize) {
        let mut found: BTreeMap<_, usize> = BTreeMap::new();
        for at in 0..self.shards.len() {
            for (_, task) in &self.shard(at).tasks {
                let activity = task.activity.as_ref();
                let idle = tell_idle && activity.is_some_and(|activity| activity.is_idle());
                *found.entry((activity.is_none(), task.location, task.name.clone(), idle)).or_default() += 1;
            }
        }
        let total = found.values().sum();
        let straggler = |((blocking, location, name, idle), count)| match blocking {
            true => Straggler::Blocking { location, count },
            false => Straggler::Tasks { name, location, count, idle },
        };
        (found.into_iter().map(straggler).collect(), total)
    }

    /// Counts the tasks that have not ended.
    #[cfg(feature = "metrics")]
    pub(super) fn count(&self) -> usize {
        (0..self.shards.len()).map(|at| self.shard(at).tasks.len()).sum()
    }

    /// Returns whether work has been cut. The notice of it may still be on its way.
    pub(crate) fn are_cut(&self) -> bool {
        self.cut.is_set()
    }

    /// Drops every tracked future at its next await. A task that blocks its thread goes on.
    pub(super) fn cut(&self) {
        self.cut.set();
        for at in 0..self.shards.len() {
            let mut shard = self.shard(at);
            let handles: Vec<AbortHandle> =
                shard.tasks.iter_mut().filter_map(|(_, task)| task.abort.take()).collect();
            let blocking = shard.tasks.iter().filter(|(_, task)| task.activity.is_none());
            let left: Vec<_> = blocking
                .map(|(key, task)| (Place { shard: at, key, number: task.number }, task.location))
                .collect();
            drop(shard);
            handles.iter().for_each(AbortHandle::abort);
            lock(&self.left_running).extend(left);
        }
    }

    /// Tells of the closures that ended between the cut and now, a sentence for each place.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut ended: BTreeMap<&'static Location<'static>, usize> = BTreeMap::new();
        for (place, location) in lock(&self.left_running).iter() {
            let task = self.shard(place.shard).tasks.get(place.key).map(|task| task.number);
            if task != Some(place.number) {
                *ended.entry(location).or_default() += 1;
            }
        }
        let note = |(location, count)| {
            let tasks = if count == 1 { "1 blocking task" } else { &format!("{count} blocking tasks") };
            format!(
                "{tasks} spawned at {location} ended after the drain (by a teardown? end the closure when \
                 `lifecycle::is_stopping()`, or let a resource own its thread)"
            )
        };
        ended.into_iter().map(note).collect()
    }
}
