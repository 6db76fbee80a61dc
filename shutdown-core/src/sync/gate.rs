//! What hands out passes, and refuses them once it is closed.
//!
//! A gate is a number of shards, and a shard is one atomic word: a closing bit, and the count of passes out.
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
//! 1. A word is counted up by a compare-and-swap that never counts up a closed one, or by a `split` or a `join`, when
//!    the count is above zero already. So nothing leads out of `drained`.
//! 2. A word becomes `drained` by exactly one read-modify-write (1), and whoever made it, and nobody else, calls
//!    `Shard::leave`.
//! 3. A shard that is not drained owns a strong count of the `Inner` that it lies in: `home`, which is there before
//!    the first handle is, and is taken out in `Shard::leave` only. So a shard lives until it is drained.
//! 4. A `Pass` is one in the count of its shard's word, and it alone takes that one out, when it is dropped. So
//!    with 3 its shard lives until then. After that, unless the word has become `drained` by it, the shard may be
//!    gone, and is not touched.
//! 5. Whoever closes goes from the first shard to the last. So a shard is closed only if those before it are: the
//!    first tells who began, and the last whether all is closed.
//! 6. A count does not reach the closing bit: `pass` and `split` abort the process far below it.

#![expect(unsafe_code, reason = "a pass must not count a reference that threads share; 3 and 4 replace it")]

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

const CLOSED: usize = 1 << (usize::BITS - 1);
/// The last bit below the closing one: a word from here on is closed, or has leaked passes without end.
const LIMIT: usize = CLOSED >> 1;

/// Hands out passes until it is closed, and then tells when the last one is back.
///
/// A clone is another handle on the same gate. The gate closes by itself when the last handle is dropped.
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
/// What is promised: no [`pass`](Gate::pass) that starts after a [`close`](Gate::close) has returned, or after
/// another has been refused, succeeds; and the gate is not drained while a pass is out.
///
/// # Cost
///
/// Taking a pass and giving it back are one atomic operation each, on a cache line that threads on other cores do
/// not use. A gate takes about 256 bytes for each core, up to 8 KiB.
pub struct Gate {
    inner: Arc<Inner>,
}

// Aligned, so that the reference counts of `Arc` are not on the line that every `pass` reads.
#[repr(align(128))]
struct Inner {
    shards: Shards<Shard>,
    drained: Notice,
    /// What to run then.
    then: Mutex<Vec<Then>>,
    handles: Padded<AtomicUsize>,
    /// The shards that are not drained.
    left: AtomicUsize,
}

type Then = Box<dyn FnOnce() + Send>;

struct Shard {
    word: AtomicUsize,
    home: Mutex<Option<Arc<Inner>>>,
}

impl Gate {
    /// An open gate.
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

    /// Lets one piece of work in. `None` once the gate is closed, and from then on for ever.
    #[inline]
    pub fn pass(&self) -> Option<Pass> {
        let shard = self.inner.shards.here();
        // Relaxed to count: a pass carries nothing in, and what it carries out goes with its return. Acquire to be
        // refused: what this thread then closes, it closes after the one who began (invariant 5).
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
        // The one who closes may not have come to the other shards yet; nobody is let in there after this.
        if !self.is_closed() {
            self.inner.close();
        }
    }

    /// A pass for work that other work in flight may have started: one more as long as the gate is open, or a pass is
    /// still out. `None` once the gate is drained.
    pub(crate) fn join(&self) -> Option<Pass> {
        self.pass().or_else(|| self.inner.shards.iter().find_map(Shard::join))
    }

    /// Closes the gate. True for the one call that did it; a pass is never handed out again once any call has
    /// returned.
    pub fn close(&self) -> bool {
        self.inner.close()
    }

    /// Whether no pass will be handed out any more.
    pub fn is_closed(&self) -> bool {
        // Invariant 5. Acquire: with the last shard's closing the caller has seen that of the others.
        self.inner.shards.last().word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// How many passes are out. Exact once the gate is closed, and passes are neither split nor returned meanwhile.
    pub fn in_flight(&self) -> usize {
        self.inner.shards.iter().map(|shard| shard.word.load(Ordering::Acquire) & !CLOSED).sum()
    }

    /// Whether the gate is closed and every pass is back.
    pub fn is_drained(&self) -> bool {
        self.inner.drained.is_fired()
    }

    /// A future that ends when the gate is closed and every pass is back. It does not close the gate, and does not
    /// keep it open.
    pub fn drained(&self) -> Waiting {
        self.inner.drained.wait()
    }

    /// Runs `then` once the gate is closed and every pass is back: where the last pass is returned, or the gate
    /// closed; at once if that has been already.
    ///
    /// It should be short, and not panic: it may run in the drop of a [`Pass`].
    pub fn on_drained(&self, then: impl FnOnce() + Send + 'static) {
        {
            let mut waiting = lock(&self.inner.then);
            // Under the lock, for `Inner::drained` fires before it takes it: one of us sees the other.
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
            // No look before it: that saves nothing here, and loom, which keeps only the last read of a word,
            // would lose sight of other threads' reads. Release: a shard seen closed shows those before it (5).
            // Acquire: whoever closes an empty shard has seen the work of all who were there.
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

    /// A shard has left. If it was the last one, tells everyone.
    fn shard_drained(&self) {
        // AcqRel: the last one has seen all that came back with any pass of any shard, and hands it on.
        if self.left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        self.drained.fire();
        // A statement of its own, so that the lock is gone before they run.
        let waiting = mem::take(&mut *lock(&self.then));
        for then in waiting {
            then();
        }
    }
}

impl Shard {
    /// Counts up a word that counts something already, as `Pass::split` does, so that nothing leads out of `drained`.
    fn join(&self) -> Option<Pass> {
        let counts = |word: usize| (word & !CLOSED != 0 && word & !CLOSED < LIMIT).then(|| word + 1);
        // Relaxed: as in `Pass::split`, what is counted up is not drained, and so whoever drains it comes after.
        let counted = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counts);
        counted.is_ok().then(|| Pass { shard: NonNull::from(self) })
    }

    /// To be called once, by the one who made `word` become drained (invariant 2). What it returns keeps the shard,
    /// and is to be told by `shard_drained`.
    #[cold]
    fn leave(&self) -> Arc<Inner> {
        lock(&self.home).take().expect("a shard is drained once")
    }
}

/// What the tests of every other rule prove along the way: a gate does not go while a pass is out.
#[cfg(test)]
impl Drop for Inner {
    fn drop(&mut self) {
        for shard in self.shards.iter() {
            // Relaxed: what makes this thread the last one here must have made every return visible to it.
            let word = shard.word.load(Ordering::Relaxed);
            assert!(word == CLOSED || std::thread::panicking(), "freed with {word:x}");
        }
    }
}

fn check_room(word: usize) {
    if word & !CLOSED >= LIMIT {
        // Invariant 6. So many cannot be held, only leaked, and to go on would end in a use after free.
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
        // Relaxed, as in `Arc`: there is a handle, so the last one is not being dropped. `Arc` guards the overflow.
        self.inner.handles.fetch_add(1, Ordering::Relaxed);
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // AcqRel: the closing comes after all that was done with any handle, so nobody who still had one was
        // refused for it.
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

/// One piece of work in flight. The gate is not drained until it is dropped, in whatever way: at the end of the
/// work, by a panic, or with a future that is cancelled.
///
/// ```
/// use lifecycle::Gate;
///
/// let gate = Gate::new();
/// let request = gate.pass().expect("the gate is open");
/// gate.close();
///
/// let upload = request.split(); // started by work that was let in before
/// drop(request);
/// assert!(!gate.is_drained());
/// drop(upload);
/// assert!(gate.is_drained());
/// ```
///
/// A pass that is leaked (`mem::forget`) holds up the drain until its deadline.
#[must_use = "the work counts as done when its pass is dropped"]
pub struct Pass {
    shard: NonNull<Shard>,
}

// SAFETY: a `Pass` is a shared reference to a `Shard` that lives long enough (invariant 4), wherever it is used or
// dropped; and `Shard` is `Sync`, as the assertion below shows. `Inner` may be dropped with it: it is `Send`.
unsafe impl Send for Pass {}
// SAFETY: as above; `split`, the one thing that can be done through `&Pass`, is an atomic addition.
unsafe impl Sync for Pass {}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Shard>();
    shared::<Inner>();
};

impl Pass {
    /// Another pass of the same gate, for work that this work starts. It always succeeds, also after the close.
    pub fn split(&self) -> Pass {
        // SAFETY: `self` is in the count, so the shard lives (invariant 4).
        let word = unsafe { &(*self.shard.as_ptr()).word };
        // Relaxed: the new pass is made out of one that is held, and so is in the count before that goes back.
        check_room(word.fetch_add(1, Ordering::Relaxed));
        Pass { shard: self.shard }
    }
}

impl Drop for Pass {
    #[inline]
    fn drop(&mut self) {
        let shard = self.shard.as_ptr();
        // SAFETY: until this very operation the pass is in the count, so the shard lives (invariant 4). Only the
        // word is borrowed, not the shard: memory that may go away during the call, if another thread drains it.
        let word = unsafe { &(*shard).word };
        // Release: the work is seen by whoever drains the shard. Acquire: for the one that does.
        if word.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            // SAFETY: this return drained the shard, and `home` is still in it (invariants 2 and 3).
            let home = unsafe { (*shard).leave() };
            home.shard_drained();
            // Here `home` is given up, and with it maybe the shard. No reference to that is alive any more.
        }
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}
