//! Starts fixture programs as real children, sends them real signals, and measures how they end.
//!
//! The harness does not sleep to wait for an event. A child writes its progress to stdout, and `/proc` lists its
//! signal handlers. A child never outlives the test that started it.
//!
//! A child starts with the default signals, even if the tests ignore or block some ([`with_default_signals`]).

mod child;
mod ended;
mod inherited;
mod manager;
mod on_event;
mod output;
mod program;
mod random;
mod status;
mod terminal;

pub use child::Child;
pub use ended::Ended;
pub use inherited::with_default_signals;
pub use manager::{Folder, Manager};
pub use on_event::OnEvent;
pub use program::Program;
pub use random::Random;
pub use status::{SignalSets, children, every_thread_waits, peak_memory, processor_time};

use std::time::Duration;

/// The tolerance of a bound on the wall clock, for a loaded machine.
///
/// The benchmark shows that a process ends 10 ms after its deadline if its threads get a processor. On a busy
/// machine they may wait for seconds.
///
/// The tests must distinguish such a process from one that waits for a blocked thread. A blocked thread stays
/// blocked for a minute.
pub const SLACK: Duration = Duration::from_secs(4);

/// The time that any event may take, on a machine ten times too slow.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A pause between two signals that are counted separately: more than 250 ms (R14).
pub const APART: Duration = Duration::from_millis(350);

/// Configures a fixture of this package, by its name and the name of its scenario.
#[macro_export]
macro_rules! program {
    ($bin:literal, $scenario:expr) => {
        $crate::Program::new(env!(concat!("CARGO_BIN_EXE_", $bin)), $scenario)
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
