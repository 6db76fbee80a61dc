//! A counter that numbers things across threads.

#[cfg(feature = "mysql_async")]
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives each caller the next number, from 0.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    pub(crate) fn next(&self) -> u64 {
        // Relaxed: a number carries nothing but itself.
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns how many numbers have been given.
    pub(crate) fn given(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reads a count that another crate keeps.
#[cfg(feature = "mysql_async")]
pub(crate) fn read(count: &AtomicUsize) -> usize {
    // Relaxed: the count is for the text of an error.
    count.load(Ordering::Relaxed)
}
