//! A notice: tells any number of waiters, once, that something has begun.
//!
//! ```text
//!            first poll                    fire
//!   created ------------> registered ------------------> over
//!      |                   ^      |  (fire takes the waker, or drop does)
//!      |                   +------+                        ^
//!      |               another waker                       |
//!      +---------------------------------------------------+
//!                     fire before the first poll
//! ```
//!
//! 1. `fired` changes from false to true once, before `fire` locks any shard. So a thread that locks a shard after `fire`
//!    did sees `fired` set.
//! 2. A waker is added to a shard only under the lock of the shard, and only if `fired` is not set then. So either `fire`
//!    finds the waker, or its owner finds `fired` set: no wake-up is lost.
//! 3. After `fire` has emptied a shard, the shard stays empty (1, 2). So an old key never names the entry of another
//!    waiter.
//! 4. No foreign code runs under a lock (`wake`, `clone` or `drop` of a waker), because it could call the notice again.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    sync::catch::catch,
    sync::modelled::{Arc, AtomicBool, Mutex, Ordering, lock},
    sync::shards::Shards,
};

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;

/// An event that happens once, and that any number of tasks can wait for. A clone is another handle to the same notice.
///
/// # Cost
///
/// `is_fired` is a load of a cache line that no thread writes. `fire` wakes every waiter from the calling thread, in time
/// linear in their number. A waiter takes 32 bytes, and 16 more in the notice after its first poll. The notice keeps
/// those 16 bytes for the next waiter, and frees them when it fires.
#[derive(Clone)]
pub struct Notice {
    inner: Arc<Inner>,
}

// Aligned, so that the line that every poll reads does not hold the reference counts, which every `wait` writes.
#[repr(align(128))]
struct Inner {
    fired: AtomicBool,
    shards: Shards<Mutex<Waiters>>,
}

impl Inner {
    #[inline]
    fn is_fired(&self) -> bool {
        // Acquire: a waiter sees all that was written before `fire`.
        self.fired.load(Ordering::Acquire)
    }
}

impl Notice {
    /// Returns a notice that has not fired.
    pub fn new() -> Self {
        Self::over(Shards::new(Mutex::default))
    }

    /// Returns a notice with one shard, which takes less memory: for few waiters, or waiters that seldom come and go.
    pub(crate) fn unsharded() -> Self {
        Self::over(Shards::single(Mutex::default))
    }

    fn over(shards: Shards<Mutex<Waiters>>) -> Self {
        Self { inner: Arc::new(Inner { fired: AtomicBool::new(false), shards }) }
    }

    /// Completes every wait, also those that begin later. Returns true for the one call that fired.
    ///
    /// # Panics
    ///
    /// If the waker of an executor panics: with its payload, after all other waiters have been woken.
    pub fn fire(&self) -> bool {
        // Invariant 1. Release: a woken task sees all that was done before this call.
        if self.inner.fired.swap(true, Ordering::AcqRel) {
            return false;
        }
        let mut panicked = None;
        for shard in self.inner.shards.iter() {
            // The lock is released at the end of the statement (invariant 4).
            let waiters = mem::take(&mut *lock(shard));
            for waker in waiters.into_wakers() {
                if let Err(panic) = catch(|| waker.wake()) {
                    panicked.get_or_insert(panic);
                }
            }
        }
        if let Some(panic) = panicked {
            panic.resume();
        }
        true
    }

    /// Returns true if `fire` has been called.
    #[inline]
    pub fn is_fired(&self) -> bool {
        self.inner.is_fired()
    }

    /// Returns a future that completes when the notice fires, or at once if it has fired. If every `Notice` is dropped
    /// without firing, the future never completes.
    pub fn wait(&self) -> Waiting {
        Waiting { inner: Arc::clone(&self.inner), entry: None }
    }
}

impl Default for Notice {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice").field("fired", &self.is_fired()).finish()
    }
}

/// The future of [`Notice::wait`]. If it is polled again after it completed, it is ready again.
///
/// # Cancel safety
///
/// Cancel safe: the future may be dropped at any time, and a later one misses nothing, because a notice stays fired.
///
/// # Cost
///
/// A poll with nothing new is a load and a comparison, without a lock. The first poll takes a lock, which only threads of
/// the same shard share. So does a poll with another waker: after the task has moved to another executor, or into a
/// `select!` that wakes in its own way.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Waiting {
    inner: Arc<Inner>,
    entry: Option<Entry>,
}

struct Entry {
    /// A clone of the waker in the shard, so that a comparison takes no lock.
    waker: Waker,
    seat: u32,
    key: u32,
}

impl Future for Waiting {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.inner.is_fired() {
            // The shard has nothing of this waiter (invariant 3), and the clone of the waker would keep the task alive.
            self.entry = None;
            return Poll::Ready(());
        }
        match &self.entry {
            // The waker is in the shard, or `fire` has taken it: `fire` sets the flag, then wakes.
            Some(entry) if entry.waker.will_wake(cx.waker()) => Poll::Pending,
            _ => self.register(cx.waker()),
        }
    }
}

impl Waiting {
    #[cold]
    fn register(&mut self, waker: &Waker) -> Poll<()> {
        // These outlive the lock, so that none is dropped under it (invariant 4).
        let theirs = waker.clone();
        let waker = waker.clone();
        let replaced;

        let (seat, known) = match &self.entry {
            Some(entry) => (entry.seat, Some(entry.key)),
            #[expect(clippy::cast_possible_truncation, reason = "there are at most 64 seats")]
            None => (self.inner.shards.seat() as u32, None),
        };
        let key = {
            let mut waiters = lock(self.inner.shards.at(seat as usize));
            // This check is under the lock, as invariant 2 needs. The check in `poll` was before the lock.
            if self.inner.is_fired() {
                return Poll::Ready(());
            }
            if let Some(key) = known {
                replaced = waiters.replace(key, theirs);
                key
            } else {
                replaced = None;
                waiters.insert(theirs)
            }
        };
        drop(replaced);
        self.entry = Some(Entry { waker, seat, key });
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // After the notice has fired, `fire` removes the entry. A wake-up too many does no harm.
        if let Some(entry) = self.entry.take()
            && !self.inner.is_fired()
        {
            let removed = lock(self.inner.shards.at(entry.seat as usize)).remove(entry.key);
            drop(removed);
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("over", &self.inner.is_fired()).finish_non_exhaustive()
    }
}

/// The wakers of one shard: a vector whose holes form a list, so that `insert` and `remove` are O(1).
struct Waiters {
    slots: Vec<Slot>,
    /// The key of the first hole, or `NONE`.
    hole: u32,
}

enum Slot {
    Waker(Waker),
    /// The key of the next hole, or `NONE`.
    Hole(u32),
}

const NONE: u32 = u32::MAX;

impl Default for Waiters {
    fn default() -> Self {
        Self { slots: Vec::new(), hole: NONE }
    }
}

impl Waiters {
    fn insert(&mut self, waker: Waker) -> u32 {
        let key = self.hole;
        if let Some(slot) = self.slots.get_mut(key as usize) {
            let Slot::Hole(next) = mem::replace(slot, Slot::Waker(waker)) else {
                unreachable!("the chain of holes leads only through holes")
            };
            self.hole = next;
            key
        } else {
            let key = u32::try_from(self.slots.len()).ok().filter(|&key| key != NONE);
            self.slots.push(Slot::Waker(waker));
            key.expect("fewer than 2^32 - 1 waiters in a shard")
        }
    }

    /// Puts in another waker, and returns the old one. Returns `None`, and drops `waker`, after `fire`.
    fn replace(&mut self, key: u32, waker: Waker) -> Option<Waker> {
        match mem::replace(self.slots.get_mut(key as usize)?, Slot::Waker(waker)) {
            Slot::Waker(replaced) => Some(replaced),
            Slot::Hole(_) => unreachable!("only its owner removes an entry"),
        }
    }

    /// Removes the waker, and returns it. Returns `None` after `fire`.
    fn remove(&mut self, key: u32) -> Option<Waker> {
        match mem::replace(self.slots.get_mut(key as usize)?, Slot::Hole(self.hole)) {
            Slot::Waker(removed) => {
                self.hole = key;
                Some(removed)
            }
            Slot::Hole(_) => unreachable!("only its owner removes an entry"),
        }
    }

    fn into_wakers(self) -> impl Iterator<Item = Waker> {
        self.slots.into_iter().filter_map(|slot| match slot {
            Slot::Waker(waker) => Some(waker),
            Slot::Hole(_) => None,
        })
    }
}
