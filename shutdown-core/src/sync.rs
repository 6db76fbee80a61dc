//! The primitives, and every atomic, lock and reference count of the primitives, so that loom can put its own in their place.
//!
//! loom's stand in only in this crate's own test build: a user who sets `--cfg loom` for a model of his own
//! gets the real ones.

#[cfg(not(all(test, loom)))]
pub(crate) use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

#[cfg(all(test, loom))]
pub(crate) use loom::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

pub(crate) mod catch;
pub(crate) mod gate;
pub(crate) mod notice;
pub(crate) mod shards;

use std::sync::PoisonError;

/// Locks, whoever panicked before: no user code runs under a lock of the primitives, so what it guards is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a model through its interleavings, all those with at most three preemptions.
#[cfg(all(test, loom))]
pub(crate) fn model(claim: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(3);
    builder.check(claim);
}
