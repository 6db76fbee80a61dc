//! A gate: hands out passes, and refuses them after it has closed.
//!
//! A gate has a number of shards. A shard is one atomic word: a closing bit, and the count of passes that are out.
//!
//! ```text
//!    pass, split: +1                       split: +1
//!    return: -1                            return: -1
//!   +-------------+       close       +-----------------+    return     +-----------+
//!   |   open, n   | ----------------> | closing, n >= 1 | ------------> |  drained  |
//!   +-------------+    with n >= 1    +-----------------+    of the     +-----------+
//!          |                                                 last             ^
//!          +------------------------------------------------------------------+
//!                             close with n = 0
//! ```
//!
//! 1. Only two operations increment a word: a compare-and-swap that fails on a closed word, and a `split` or `join`,
//!    which need a count above zero. So no transition leaves `drained`.
//! 2. Exactly one read-modify-write makes a word `drained` (1). The thread that did it calls `Shard::leave`, and no
//!    other thread does.
//! 3. A shard that is not drained owns a strong count of the `Inner` that contains it: `home`. It is set before the
//!    first handle exists, and only `Shard::leave` takes it. So a shard lives until it is drained.
//! 4. A `Pass` is one in the count of its shard, and only its drop takes that one back. So by 3 the shard lives until
//!    the drop. After the drop the shard may be gone, and is not touched, except by the drop that drained it.
//! 5. `close` visits the shards from the first to the last. So a shard is closed only if all shards before it are. The
//!    first shard shows which call began to close, and the last shard shows whether all are closed.
//! 6. A count never reaches the closing bit, because `pass` and `split` abort the process long before.

#![expect(unsafe_code, reason = "a pass must not count a reference that threads share; 3 and 4 replace it")]

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, mem, process, ptr::NonNull};

use crate::{
    sync::modelled::{Arc, AtomicUsize, Mutex, Ordering, lock},
    sync::notice::{Notice, Waiting},
    sync::shards::{Padded, Shards},
};

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;

/// The closing bit.
const CLOSED: usize = 1 << (usize::BITS - 1);
/// The bit below the closing bit. A word at or above it is closed, or passes were leaked without end.
const LIMIT: usize = CLOSED >> 1;

/// Hands out passes until it is closed, and reports when the last one has been returned.
///
/// A gate (a task tracker) is for work that a stop must wait for, where [`pass`](crate::pass) does not fit: a part of a
/// program that closes on its own. A clone is another handle to the same gate. The gate closes when its last handle is
/// dropped.
///
/// ```
/// use lifecycle::Gate;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let gate = Gate::new();
/// let pass = gate.pass().expect("the gate is open");
/// tokio::spawn(async move {
///     // .. the work ..
///     drop(pass);
/// });
///
/// gate.close();
/// assert!(gate.pass().is_none());
/// gate.drained().await; // the work is done
/// # });
/// ```
///
/// # Guarantees
///
/// - No [`pass`](Gate::pass) that starts after a [`close`](Gate::close) has returned succeeds.
/// - No [`pass`](Gate::pass) that starts after another one was refused succeeds.
/// - The gate is not drained while a pass is out.
///
/// # Cost
///
/// Taking a pass and returning it are one atomic operation each, on a cache line that threads on other cores do not
/// use. A gate takes about 256 bytes for each core, at most 8 KiB.
#[doc(alias("task tracker", "TaskTracker", "wait group", "WaitGroup"))]
pub struct Gate {
    inner: Arc<Inner>,
}

// Aligned, so that the reference counts of `Arc` are not on the line that every `pass` reads.
#[repr(align(128))]
struct Inner {
    shards: Shards<Shard>,
    drained: Notice,
    /// The closures of `on_drained`.
    then: Mutex<Vec<Then>>,
    handles: Padded<AtomicUsize>,
    /// The number of shards that are not drained.
    left: AtomicUsize,
}

type Then = Box<dyn FnOnce() + Send>;

struct Shard {
    word: AtomicUsize,
    home: Mutex<Option<Arc<Inner>>>,
}

impl Gate {
    /// Returns an open gate.
    pub fn new() -> Self {
        let shards = Shards::new(|| Shard { word: AtomicUsize::new(0), home: Mutex::new(None) });
        let left = AtomicUsize::new(shards.len());
        let inner = Arc::new(Inner {
            shards,
            drained: Notice::unsharded(),
            then: Mutex::new(Vec::new()),
            handles: Padded(AtomicUsize::new(1)),
            left,
        });
        for shard in inner.shards.iter() {
            *lock(&shard.home) = Some(Arc::clone(&inner));
        }
        Self { inner }
    }

    /// Returns a pass for one piece of work. Returns `None` if the gate is closed, and always after that.
    #[inline]
    #[doc(alias("guard", "token"))]
    pub fn pass(&self) -> Option<Pass> {
        let shard = self.inner.shards.here();
        // Relaxed to count: a new pass publishes nothing, and its return publishes the work. Acquire to be refused: if
        // this thread then closes the other shards, its close comes after the one that began (invariant 5).
        let counted = shard.word.fetch_update(Ordering::Relaxed, Ordering::Acquire, |word| {
            (word < LIMIT).then_some(word.wrapping_add(1))
        });
        match counted {
            Ok(_) => Some(Pass { shard: NonNull::from(shard) }),
            Err(word) => {
                self.refuse(word);
                None
            }
        }
    }

    #[cold]
    fn refuse(&self, word: usize) {
        check_room(word);
        // The closing thread may not have reached the other shards yet. After this call they hand out nothing more.
        if !self.is_closed() {
            self.inner.close();
        }
    }

    /// Returns a pass for work that other work in flight may have started: also after the close, while a pass is still
    /// out. Returns `None` if the gate is drained.
    pub(crate) fn join(&self) -> Option<Pass> {
        self.pass().or_else(|| self.inner.shards.iter().find_map(Shard::join))
    }

    /// Closes the gate. Returns true for the one call that closed it. No pass is handed out after any call has returned.
    pub fn close(&self) -> bool {
        self.inner.close()
    }

    /// Returns true if the gate will not hand out another pass.
    pub fn is_closed(&self) -> bool {
        // Invariant 5. Acquire: a thread that sees the last shard closed also sees the others closed.
        self.inner.shards.last().word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Returns the number of passes that are out. The number is exact if the gate is closed and no pass is split or
    /// returned during the call.
    pub fn in_flight(&self) -> usize {
        self.inner.shards.iter().map(|shard| shard.word.load(Ordering::Acquire) & !CLOSED).sum()
    }

    /// Returns true if the gate is closed and every pass has been returned.
    pub fn is_drained(&self) -> bool {
        self.inner.drained.is_fired()
    }

    /// Returns a future that completes when the gate is closed and every pass has been returned. The future does not
    /// close the gate, and does not keep it open.
    pub fn drained(&self) -> Drained {
        Drained { notice: self.inner.drained.wait() }
    }

    /// Runs `then` when the gate is closed and every pass has been returned: in the thread that returns the last pass or
    /// closes the gate, or at once if the gate is drained already.
    ///
    /// The closure should be short, and must not panic, because it may run in the drop of a [`Pass`].
    pub fn on_drained(&self, then: impl FnOnce() + Send + 'static) {
        {
            let mut waiting = lock(&self.inner.then);
            // Checked under the lock. `shard_drained` fires before it locks, so one of the two sees the other.
            if !self.inner.drained.is_fired() {
                waiting.push(Box::new(then));
                return;
            }
        }
        then();
    }
}

impl Inner {
    fn close(&self) -> bool {
        let mut began = false;
        for (at, shard) in self.shards.iter().enumerate() {
            // Without a load first: it would save nothing here, and loom keeps only the last read of a word, so it would
            // lose sight of the reads of other threads. Release: a shard seen closed shows that those before it are (5).
            // Acquire: the thread that closes an empty shard has seen the work of all passes of the shard.
            match shard.word.fetch_or(CLOSED, Ordering::AcqRel) {
                0 => {
                    began |= at == 0;
                    shard.leave().shard_drained();
                }
                open if open & CLOSED == 0 => began |= at == 0,
                _ => {}
            }
        }
        began
    }

    /// Counts a drained shard. If it was the last one, fires the notice and runs the closures of `on_drained`.
    fn shard_drained(&self) {
        // AcqRel: the last thread has seen the work of every pass of every shard, and publishes it.
        if self.left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        self.drained.fire();
        // A statement of its own, so that the lock is released before the closures run.
        let waiting = mem::take(&mut *lock(&self.then));
        for then in waiting {
            then();
        }
    }
}

impl Shard {
    /// Counts up a word whose count is above zero, as `Pass::split` does, so that no transition leaves `drained` (1).
    fn join(&self) -> Option<Pass> {
        let counts = |word: usize| (word & !CLOSED != 0 && word & !CLOSED < LIMIT).then(|| word + 1);
        // Relaxed: as in `Pass::split`, the word that is counted up is not drained, so the drain comes later.
        let counted = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counts);
        counted.is_ok().then(|| Pass { shard: NonNull::from(self) })
    }

    /// Takes `home`. Only the thread that drained the shard calls this, and only once (2). The result keeps the shard
    /// alive, and the caller then calls its `shard_drained`.
    #[cold]
    fn leave(&self) -> Arc<Inner> {
        lock(&self.home).take().expect("a shard is drained once")
    }
}

/// Checks in every other test that a gate is not freed while a pass is out.
#[cfg(test)]
impl Drop for Inner {
    fn drop(&mut self) {
        for shard in self.shards.iter() {
            // Relaxed: this thread dropped the last reference, so every return is visible to it.
            let word = shard.word.load(Ordering::Relaxed);
            assert!(word == CLOSED || std::thread::panicking(), "freed with {word:x}");
        }
    }
}

fn check_room(word: usize) {
    if word & !CLOSED >= LIMIT {
        // Invariant 6. So many passes cannot be held, only leaked. One more could end in a use after free.
        process::abort();
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Gate {
    fn clone(&self) -> Self {
        // Relaxed, as in `Arc`: the caller holds a handle, so the last one is not being dropped. `Arc` checks overflow.
        self.inner.handles.fetch_add(1, Ordering::Relaxed);
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // AcqRel: the close comes after every use of every handle, so that no holder of a handle was refused by it.
        if self.inner.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.inner.close();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("closed", &self.is_closed())
            .field("in_flight", &self.in_flight())
            .field("drained", &self.is_drained())
            .finish()
    }
}

/// The future of [`Gate::drained`]. If it is polled again after it completed, it is ready again.
///
/// # Cancel safety
///
/// Cancel safe: the future may be dropped at any time, and another call returns another future.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Drained {
    notice: Waiting,
}

impl Future for Drained {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.notice).poll(cx)
    }
}

/// A pass (a guard) for one piece of work in flight. The gate is not drained until the pass is dropped: at the end of
/// the work, by a panic, or with a future that is cancelled.
///
/// ```
/// use lifecycle::Gate;
///
/// let gate = Gate::new();
/// let request = gate.pass().expect("the gate is open");
/// gate.close();
///
/// let upload = request.split(); // for work that the request has started
/// drop(request);
/// assert!(!gate.is_drained());
/// drop(upload);
/// assert!(gate.is_drained());
/// ```
///
/// A pass that is leaked (`mem::forget`) keeps the drain waiting until its deadline.
#[doc(alias("guard", "token", "TaskTrackerToken"))]
#[must_use = "the work counts as done when its pass is dropped"]
pub struct Pass {
    shard: NonNull<Shard>,
}

// SAFETY: a `Pass` is a shared reference to a `Shard` that lives long enough (invariant 4), in whichever thread it is
// used or dropped. `Shard` is `Sync`, as the assertion below shows. `Inner` may be dropped with the pass, and is `Send`.
unsafe impl Send for Pass {}
// SAFETY: as above. `split` is the only operation on `&Pass`, and is an atomic addition.
unsafe impl Sync for Pass {}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Shard>();
    shared::<Inner>();
};

impl Pass {
    /// Returns another pass of the same gate, for work that this work starts. Succeeds also after the close.
    pub fn split(&self) -> Pass {
        // SAFETY: `self` is in the count, so the shard lives (invariant 4).
        let word = unsafe { &(*self.shard.as_ptr()).word };
        // Relaxed: `self` is held, so the new pass is in the count before `self` is returned.
        check_room(word.fetch_add(1, Ordering::Relaxed));
        Pass { shard: self.shard }
    }
}

impl Drop for Pass {
    #[inline]
    fn drop(&mut self) {
        let shard = self.shard.as_ptr();
        // SAFETY: the pass is in the count until this operation, so the shard lives (invariant 4). Only the word is
        // borrowed, not the shard, because another thread may drain the shard and free it during the call.
        let word = unsafe { &(*shard).word };
        // Release: the thread that drains the shard sees the work. Acquire: this thread may be that one.
        if word.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            // SAFETY: this return drained the shard, and `home` is still in it (invariants 2 and 3).
            let home = unsafe { (*shard).leave() };
            home.shard_drained();
            // `home` is dropped here, and the shard may go with it. No reference to the shard is alive any more.
        }
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}
