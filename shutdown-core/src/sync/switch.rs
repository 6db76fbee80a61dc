//! A flag that threads share, and that goes on and off.

use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that starts off, and can be turned on and off at any time.
#[derive(Debug, Default)]
pub(crate) struct Switch(AtomicBool);

impl Switch {
    /// Turns the switch on or off. Returns true if that changed it.
    pub(crate) fn turn(&self, on: bool) -> bool {
        // Relaxed: the switch carries nothing but itself. A swap, so that one of several callers is the one that changed it.
        self.0.swap(on, Ordering::Relaxed) != on
    }

    /// Whether the switch is on.
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Switch;

    #[test]
    fn only_a_change_is_told() {
        let switch = Switch::default();
        assert!(!switch.is_on() && !switch.turn(false));
        assert!(switch.turn(true) && !switch.turn(true) && switch.is_on());
        assert!(switch.turn(false) && !switch.is_on());
    }
}
