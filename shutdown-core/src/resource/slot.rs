//! A place for a value that is released by value.

use std::fmt;
use std::sync::Mutex;

use crate::sync::lock;

/// A place that holds a value until the teardown takes it out.
///
/// A teardown gets `&self`, because other code may still hold a clone of the handle. Put a value that is released by value
/// into a `Slot`: a `JoinHandle`, or a sender whose drop ends its channel. [`take`](Self::take) returns the value once.
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
    /// Makes a slot that holds `value`.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(Some(value)))
    }

    /// Makes an empty slot.
    pub const fn empty() -> Self {
        Self(Mutex::new(None))
    }

    /// Takes the value out. Returns `None` if the slot is empty.
    pub fn take(&self) -> Option<T> {
        lock(&self.0).take()
    }

    /// Puts a value in, and returns the value that was there.
    pub fn replace(&self, value: T) -> Option<T> {
        lock(&self.0).replace(value)
    }

    /// Calls `look` with the value, if there is one.
    ///
    /// The slot is locked during the call. Any use of the same slot in `look` is a deadlock.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        lock(&self.0).as_ref().map(look)
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
        let held = if lock(&self.0).is_some() { "Slot(..)" } else { "Slot(empty)" };
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
