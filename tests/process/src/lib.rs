//! Starts fixture programs as real children, sends them real signals, and measures how they end.
//!
//! The kit is `lifecycle::testing`. This package adds the fixtures, a stand-in for systemd, and what the kernel says about
//! a process.

mod fixture;
mod installed;
mod manager;
mod on_event;
mod random;
mod status;

pub use fixture::{Fixture, fixture};
pub use installed::installed;
pub use lifecycle::testing::{Program, Service as Child, Stopped as Ended, wait_until};
pub use manager::{Folder, Manager};
pub use on_event::OnEvent;
pub use random::Random;
pub use status::{SignalSets, Watched, every_thread_waits, peak_memory, processor_time};

use std::time::Duration;

/// The tolerance of a bound on the wall clock, for a loaded machine.
///
/// A thread of a busy machine may wait for seconds. The tests must distinguish that from a thread that is blocked, which
/// stays blocked for a minute.
pub const SLACK: Duration = Ended::SLACK;

/// The time that any event may take, on a machine ten times too slow.
pub const PATIENCE: Duration = Program::PATIENCE;

/// A pause between two signals that are counted separately: more than 250 ms (R14).
pub const APART: Duration = Duration::from_millis(350);

/// Configures a fixture of this package, by its name and the name of its scenario.
#[macro_export]
macro_rules! program {
    ($bin:literal, $scenario:expr) => {
        $crate::fixture(env!(concat!("CARGO_BIN_EXE_", $bin)), $scenario)
    };
}

/// Configures a scenario on both runtime flavours. The multi-thread runtime has two workers.
#[macro_export]
macro_rules! both_flavours {
    ($scenario:expr) => {
        [$crate::program!("multi", $scenario), $crate::program!("current", $scenario)]
    };
}

/// Returns whether this is the long run, `tests/run --soak`.
pub fn soak() -> bool {
    std::env::var_os("LIFECYCLE_SOAK").is_some_and(|value| value == "1")
}
