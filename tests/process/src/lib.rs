//! Starts fixture programs as real children, sends them real signals, and measures how they end.
//!
//! Nothing here sleeps to wait for a thing to happen: a child says on its stdout how far it is, and the kernel says in
//! `/proc` whether its handlers are installed. A child never outlives the test that started it.

mod child;
mod ended;
mod output;
mod program;
mod random;
mod status;

pub use child::Child;
pub use ended::Ended;
pub use program::Program;
pub use random::Random;
pub use status::{SignalSets, children, peak_memory, processor_time};

use std::time::Duration;

/// What a bound on the wall clock leaves to a loaded machine.
///
/// A process is gone 10 ms after its deadline if its threads get a processor; the benchmark measures that. On a busy
/// machine they may not get one for seconds. What the tests tell apart is a process that keeps its deadline from one
/// that waits for a blocked thread, and those stay blocked for a minute.
pub const SLACK: Duration = Duration::from_secs(4);

/// How long anything that does happen may take on a machine ten times slower than it should be.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Farther apart than two signals that count as one (250 ms).
pub const APART: Duration = Duration::from_millis(350);

/// A fixture of this package by its name, running the scenario of this name.
#[macro_export]
macro_rules! program {
    ($bin:literal, $scenario:expr) => {
        $crate::Program::new(env!(concat!("CARGO_BIN_EXE_", $bin)), $scenario)
    };
}

/// A scenario on both runtime flavours: the multi-thread one has two workers.
#[macro_export]
macro_rules! both_flavours {
    ($scenario:expr) => {
        [$crate::program!("multi", $scenario), $crate::program!("current", $scenario)]
    };
}

/// Whether this is the long run.
pub fn soak() -> bool {
    std::env::var_os("LIFECYCLE_SOAK").is_some_and(|value| value == "1")
}
