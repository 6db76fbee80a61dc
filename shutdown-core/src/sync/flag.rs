//! A flag that threads share, and that is never cleared.

use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that starts unset, is set at most once, and stays set.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) const fn new() -> Flag {
        Flag(AtomicBool::new(false))
    }

    /// Sets the flag. Returns true for the one call that set it.
    pub(crate) fn set(&self) -> bool {
        // Release: a thread that sees the flag set also sees what was done before. Acquire: the caller that comes second
        // sees what the first one did before it.
        !self.is_set() && !self.0.swap(true, Ordering::AcqRel)
    }

    /// Whether the flag is set. Then the caller also sees what the setter did before.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::Flag;

    #[test]
    fn one_of_many_setters_is_the_first() {
        let flag = Flag::default();
        assert!(!flag.is_set());
        let firsts: usize = thread::scope(|scope| {
            let setters: Vec<_> = (0..4).map(|_| scope.spawn(|| usize::from(flag.set()))).collect();
            setters.into_iter().map(|setter| setter.join().unwrap()).sum()
        });
        assert_eq!(firsts, 1);
        assert!(flag.is_set() && !flag.set());
    }
}
