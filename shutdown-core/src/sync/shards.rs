//! Shards: one value for each core, each on its own cache lines, so that threads on two cores do not share a line.

use std::ops::Deref;

/// A value that shares no cache line with its neighbours. Aligned to two lines, because processors fetch them in pairs.
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A fixed number of values, a power of two. Each thread prefers one of them, and may use any.
pub(crate) struct Shards<T> {
    slots: Box<[Padded<T>]>,
}

impl<T> Shards<T> {
    /// Makes so many that two threads that run at the same time seldom share one.
    pub(crate) fn new(make: impl FnMut() -> T) -> Self {
        Self::with_count(count(), make)
    }

    /// Makes one, for a value that is seldom used: more would waste memory.
    pub(crate) fn single(make: impl FnMut() -> T) -> Self {
        Self::with_count(1, make)
    }

    fn with_count(count: usize, mut make: impl FnMut() -> T) -> Self {
        debug_assert!(count.is_power_of_two(), "the seat is reduced by a mask");
        Self { slots: (0..count).map(|_| Padded(make())).collect() }
    }

    /// Returns the index of the value that the calling thread prefers. It never changes for a thread.
    #[inline]
    pub(crate) fn seat(&self) -> usize {
        seat() & (self.slots.len() - 1)
    }

    /// Returns the value that the calling thread prefers.
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

    /// Returns twice the number of cores, at most 64, as a power of two. Seats are given in turn and never returned, so
    /// the seats of two busy threads may differ by exactly the number of cores.
    pub(super) fn count() -> usize {
        // Kept, because the question costs system calls and reads of cgroup files, and a gate should be cheap to make.
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
            // Constant and without a destructor, so that it can be read while other thread locals are dropped.
            static SEAT: Cell<usize> = const { Cell::new(NONE) };
        }

        #[cold]
        fn sit(seat: &Cell<usize>) -> usize {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            // Relaxed: only speed depends on a seat. A thread that is given `NONE` asks again at the next call.
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

/// Under loom there are two shards, and a model seats its threads: two threads on one shard and two threads on two shards
/// are different claims.
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

    /// Seats the calling thread. The default seat is 0.
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
