//! A wait for something that gives no sign.

use std::time::{Duration, Instant};

/// The time that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(2);

/// Waits until `holds` returns `true`, which is asked every 2 ms for at most 60 s.
///
/// ```
/// use lifecycle::testing::wait_until;
/// use std::time::Instant;
///
/// let begun = Instant::now();
/// wait_until("time goes on", || begun.elapsed().as_millis() > 5);
/// ```
///
/// # Panics
///
/// If the time is over. The message names `what`.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "this did not happen within {PATIENCE:?}: {what}");
        std::thread::sleep(LOOK);
    }
}
