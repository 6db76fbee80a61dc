//! The types that a primitive is built from: std's, or loom's in this crate's model checks.
//!
//! loom's types are used only in this crate's own tests under `--cfg loom`. A user who sets `--cfg loom` for a model
//! gets std's.

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

use std::sync::PoisonError;

/// Locks `mutex`, as [`lock`](super::lock) does.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a model through all interleavings with at most three preemptions.
#[cfg(all(test, loom))]
pub(crate) fn model(claim: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(3);
    builder.check(claim);
}
