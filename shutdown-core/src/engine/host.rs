//! What a lifecycle needs of where it runs, as a port: the engine decides, and this carries it into the world.

use std::time::Instant;

use crate::observe::log::{Line, log};
use crate::sync::notice::Notice;

/// Where a lifecycle runs: in a runtime of the caller's ([`Caller`]), or as a whole process.
pub(crate) trait Host: Send + Sync {
    /// Be gone at `deadline`, or at an earlier one that was said before.
    fn arm(&self, deadline: Instant);
    /// Fires a notice that user code may be waiting for.
    fn fire(&self, notice: &Notice);
    /// Logs through `tracing`.
    fn log(&self, line: Line);
    /// Writes to stderr.
    fn print(&self, text: String);
    /// Die by this signal.
    fn die(&self, signal: i32);
}

/// A runtime of the caller's: his threads may run his code, and nobody leaves his process.
pub(crate) struct Caller;

impl Host for Caller {
    fn arm(&self, _: Instant) {}

    fn fire(&self, notice: &Notice) {
        notice.fire();
    }

    fn log(&self, line: Line) {
        log(&line);
    }

    fn print(&self, text: String) {
        eprint!("{text}");
    }

    fn die(&self, _: i32) {}
}
