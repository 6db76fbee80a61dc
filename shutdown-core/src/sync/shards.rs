//! One value a core, each on cache lines of its own, so that threads which only count do not meet.

use std::ops::Deref;

/// A value that shares no cache line with its neighbours. Two lines: processors fetch them in pairs.
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A fixed number of values, a power of two. Any thread may use any of them; each has one that it prefers.
pub(crate) struct Shards<T> {
    slots: Box<[Padded<T>]>,
}

impl<T> Shards<T> {
    /// Enough of them that the threads which run at once seldom share one.
    pub(crate) fn new(make: impl FnMut() -> T) -> Self {
        Self::with_count(count(), make)
    }

    /// Just one: for what is seldom touched, where the memory would be wasted.
    pub(crate) fn single(make: impl FnMut() -> T) -> Self {
        Self::with_count(1, make)
    }

    fn with_count(count: usize, mut make: impl FnMut() -> T) -> Self {
        debug_assert!(count.is_power_of_two(), "the seat is reduced by a mask");
        Self { slots: (0..count).map(|_| Padded(make())).collect() }
    }

    /// The index of the calling thread's own. It stays the same for the life of the thread.
    #[inline]
    pub(crate) fn seat(&self) -> usize {
        seat() & (self.slots.len() - 1)
    }

    /// The calling thread's own.
    #[inline]
    pub(crate) fn here(&self) -> &T {
        self.at(self.seat())
    }

    #[inline]
    pub(crate) fn at(&self, seat: usize) -> &T {
        &self.slots[seat]
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn last(&self) -> &T {
        self.at(self.len() - 1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().map(Deref::deref)
    }
}

#[cfg(not(all(test, loom)))]
mod seating {
    use std::{cell::Cell, sync::OnceLock, thread};

    use crate::sync::modelled::{AtomicUsize, Ordering};

    /// Twice the cores: seats are given in turn and never given back, so two busy threads may be apart by
    /// just the number of cores.
    pub(super) fn count() -> usize {
        // Asking costs a few system calls and reads of cgroup files, and a gate should be cheap to make.
        static COUNT: OnceLock<usize> = OnceLock::new();
        *COUNT.get_or_init(|| {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            (2 * cores.min(32)).next_power_of_two()
        })
    }

    #[inline]
    pub(super) fn seat() -> usize {
        const NONE: usize = usize::MAX;
        thread_local! {
            // Constant and without a destructor, so that it is there even while the thread's others are dropped.
            static SEAT: Cell<usize> = const { Cell::new(NONE) };
        }

        #[cold]
        fn sit(seat: &Cell<usize>) -> usize {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            // Relaxed: nothing hangs on a seat but speed. `NONE` itself would only be asked for again.
            let taken = NEXT.fetch_add(1, Ordering::Relaxed);
            seat.set(taken);
            taken
        }

        SEAT.with(|seat| match seat.get() {
            NONE => sit(seat),
            taken => taken,
        })
    }
}

/// Under loom there are two shards, and a model says who sits where: two threads on one shard or on two are
/// different claims.
#[cfg(all(test, loom))]
pub(crate) mod seating {
    use std::cell::Cell;

    loom::thread_local! {
        static SEAT: Cell<usize> = Cell::new(0);
    }

    pub(super) fn count() -> usize {
        2
    }

    pub(super) fn seat() -> usize {
        SEAT.with(Cell::get)
    }

    /// Seats the calling thread; a thread that is not asked sits at 0.
    pub(crate) fn sit_at(seat: usize) {
        SEAT.with(|own| own.set(seat));
    }
}

use seating::{count, seat};

#[cfg(all(test, not(loom)))]
mod tests {
    use std::{collections::HashSet, thread};

    use super::*;

    #[test]
    fn there_is_a_power_of_two_of_them_and_at_least_one_a_core() {
        let shards = Shards::new(|| ());
        let cores = thread::available_parallelism().map_or(1, usize::from);
        assert!(shards.len().is_power_of_two());
        assert!(shards.len() >= cores.min(64) && shards.len() <= 64, "{} for {cores}", shards.len());
    }

    #[test]
    fn a_thread_keeps_its_seat_and_threads_have_seats_of_their_own() {
        let seats: Vec<usize> = (0..8)
            .map(|_| thread::spawn(|| [seat(), seat()]).join().unwrap())
            .map(|[a, b]| {
                assert_eq!(a, b);
                a
            })
            .collect();
        assert_eq!(seats.iter().collect::<HashSet<_>>().len(), seats.len(), "{seats:?}");
    }

    #[test]
    fn neighbours_share_no_cache_line() {
        let shards = Shards::with_count(2, || 0_u8);
        let apart = (&raw const *shards.at(1)).addr() - (&raw const *shards.at(0)).addr();
        assert_eq!(apart, 128);
    }
}
