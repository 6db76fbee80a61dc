//! The broadcast that something has begun, once, to any number of waiters.
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
//! 1. `fired` goes from false to true once, and before `fire` locks any shard. Who locks a shard after `fire`
//!    has been there therefore sees it set.
//! 2. A waker is put into a shard only under its lock, and only if `fired` is not set then. So either `fire`
//!    finds the waker, or its owner finds `fired`: no wake-up is lost.
//! 3. After `fire` has emptied a shard it stays empty (1, 2). So a key from before names nothing any more,
//!    never somebody else's entry.
//! 4. No foreign code (`wake`, `clone` or `drop` of a waker) runs under a lock: it could come back here.

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

/// Something that happens once, and that any number of tasks can wait for.
///
/// A clone is another handle on the same notice.
///
/// ```
/// use lifecycle::Notice;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let closing = Notice::new();
/// let waiting = tokio::spawn(closing.wait());
///
/// assert!(closing.fire()); // this call did it
/// assert!(!closing.fire()); // this one came too late
///
/// waiting.await.unwrap();
/// closing.wait().await; // fired for good: ends at once
/// # });
/// ```
///
/// # Cost
///
/// `is_fired` is a load of a line that nobody writes. `fire` wakes every waiter from the calling thread, in time
/// linear in their number. A waiter takes 32 bytes, and 16 more in the notice once it has been polled; the
/// latter are kept for the next waiter when it goes, and freed when the notice fires.
#[derive(Clone)]
pub struct Notice {
    inner: Arc<Inner>,
}

// Aligned, so that the reference counts, which every `wait` writes, are not on the line that every poll reads.
#[repr(align(128))]
struct Inner {
    fired: AtomicBool,
    shards: Shards<Mutex<Waiters>>,
}

impl Inner {
    #[inline]
    fn is_fired(&self) -> bool {
        // Acquire: a waiter sees what was written before `fire`.
        self.fired.load(Ordering::Acquire)
    }
}

impl Notice {
    /// A notice that has not fired.
    pub fn new() -> Self {
        Self::over(Shards::new(Mutex::default))
    }

    /// One for a few waiters, or for waiters that seldom come and go: it takes less memory.
    pub(crate) fn unsharded() -> Self {
        Self::over(Shards::single(Mutex::default))
    }

    fn over(shards: Shards<Mutex<Waiters>>) -> Self {
        Self { inner: Arc::new(Inner { fired: AtomicBool::new(false), shards }) }
    }

    /// Ends every wait, now and from now on. True for the one call that did it.
    ///
    /// # Panics
    ///
    /// If an executor's waker panics, with its payload, after all the others have been woken.
    pub fn fire(&self) -> bool {
        // Invariant 1. Release: what was done before this call is seen by whoever it wakes.
        if self.inner.fired.swap(true, Ordering::AcqRel) {
            return false;
        }
        let mut panicked = None;
        for shard in self.inner.shards.iter() {
            // The lock ends with the statement (invariant 4).
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

    /// Whether `fire` has been called. It never turns false again.
    #[inline]
    pub fn is_fired(&self) -> bool {
        self.inner.is_fired()
    }

    /// A future that ends when the notice fires, at once if it has. One whose notice is dropped unfired never
    /// ends.
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

/// Waiting for a [`Notice`], or for a [`Gate`](crate::Gate) to be drained. Once over it stays over: polled again,
/// it is ready again.
///
/// # Cancel safety
///
/// It can be dropped at any time and leaves nothing behind. A new one misses nothing, for a notice does not pass.
///
/// # Cost
///
/// A poll that finds nothing new is a load and a comparison, without a lock. The first poll, and one with another
/// waker (the task was moved to another executor, or into a `select!` that wakes in its own way), take a lock that
/// only threads of the same shard share.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Waiting {
    inner: Arc<Inner>,
    entry: Option<Entry>,
}

struct Entry {
    /// The twin of the one in the shard: comparing with it takes no lock.
    waker: Waker,
    seat: u32,
    key: u32,
}

impl Future for Waiting {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.inner.is_fired() {
            // There is nothing to take back (invariant 3), and no reason to keep the task alive by our copy.
            self.entry = None;
            return Poll::Ready(());
        }
        match &self.entry {
            // The waker is in the shard, or `fire` has taken it and calls it after setting what we just looked at.
            Some(entry) if entry.waker.will_wake(cx.waker()) => Poll::Pending,
            _ => self.register(cx.waker()),
        }
    }
}

impl Waiting {
    #[cold]
    fn register(&mut self, waker: &Waker) -> Poll<()> {
        // All of these outlive the lock (invariant 4).
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
            // The check that counts: the one in `poll` was before the lock (invariant 2).
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
        // Once fired, the entry is gone or about to be, and a wake-up too many hurts nobody.
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

/// The wakers of one shard: a vector whose holes are chained, so that coming and going is O(1) without a search.
struct Waiters {
    slots: Vec<Slot>,
    /// The first hole, `NONE` if there is none.
    hole: u32,
}

enum Slot {
    Waker(Waker),
    /// The next hole.
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

    /// What was there before, and nothing at all if `fire` has been here.
    fn replace(&mut self, key: u32, waker: Waker) -> Option<Waker> {
        match mem::replace(self.slots.get_mut(key as usize)?, Slot::Waker(waker)) {
            Slot::Waker(replaced) => Some(replaced),
            Slot::Hole(_) => unreachable!("only its owner removes an entry"),
        }
    }

    /// `None` if `fire` has been here.
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
