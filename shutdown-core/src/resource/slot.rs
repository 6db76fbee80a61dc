//! A place for what is released by value.

use std::{
    fmt,
    sync::{Mutex, MutexGuard},
};

use crate::sync::lock;

/// Holds a value until its teardown takes it out.
///
/// A teardown gets `&self`, for other clones of the handle may still be in use. What can only be released by value
/// (a `JoinHandle` that is awaited, a sender whose drop is the signal) goes into a `Slot`, and [`take`](Self::take)
/// gives it to the first who asks.
///
/// ```
/// use lifecycle::Slot;
///
/// let slot = Slot::new(String::from("once"));
/// assert_eq!(slot.with(String::len), Some(4));
/// assert_eq!(slot.take().as_deref(), Some("once"));
/// assert_eq!(slot.take(), None);
/// ```
pub struct Slot<T>(Mutex<Option<T>>);

impl<T> Slot<T> {
    /// A slot that holds `value`.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(Some(value)))
    }

    /// A slot that holds nothing.
    pub const fn empty() -> Self {
        Self(Mutex::new(None))
    }

    /// Takes the value out; `None` if it was taken before.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Puts a value in, and returns the one that was there.
    pub fn replace(&self, value: T) -> Option<T> {
        self.lock().replace(value)
    }

    /// Looks at the value, if it is still there.
    ///
    /// The slot is locked meanwhile: do not touch the same slot in `look`, it would deadlock.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.lock().as_ref().map(look)
    }

    // The value is whole whenever the lock is free, whatever panicked in `with`, so poison means nothing here.
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        lock(&self.0)
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T> From<T> for Slot<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = if self.lock().is_some() { "Slot(..)" } else { "Slot(empty)" };
        f.write_str(held)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::Slot;

    #[test]
    fn a_panic_while_looking_does_not_lose_the_value() {
        let slot = Slot::new(7);
        let looked = catch_unwind(AssertUnwindSafe(|| slot.with(|_| panic!("while looking"))));
        assert!(looked.is_err());
        assert_eq!(slot.take(), Some(7));
    }
}
