//! The port to the place where a lifecycle runs: the engine decides, the host acts.

use std::sync::Arc;
use std::time::Instant;

use crate::observe::log::Log;
use crate::report::{Fact, FactKind, Reason};
use crate::sync::notice::Notice;

/// The place where a lifecycle runs: a runtime of the caller ([`Caller`]), or a process of its own.
pub(crate) trait Host: Send + Sync {
    /// Sets the hard deadline. An earlier one that was set before stays.
    fn arm(&self, deadline: Instant);
    /// Fires a notice that user code may be waiting for.
    fn fire(&self, notice: &Notice);
    /// Learns that the program is a service: it manages something, is ready, or stops with something to report.
    fn in_use(&self);
    /// Warns that the declared time-outs are scaled to fit into grace, and why.
    fn scaled(&self, why: String);
    /// Passes one fact to the log.
    fn log(&self, fact: Arc<Fact>);
    /// Fires the notice once every fact so far is logged.
    fn logged(&self, notice: &Notice);
    /// Learns that the program takes reload requests.
    fn takes_reloads(&self);
    /// Writes text to stderr.
    fn print(&self, text: String);
    /// Ends the process by this signal.
    fn die(&self, signal: i32);
}

/// A runtime of the caller. Its threads may run user code, and the lifecycle never ends the process.
#[derive(Default)]
pub(crate) struct Caller {
    log: Log,
}

impl Host for Caller {
    fn arm(&self, _: Instant) {}

    fn fire(&self, notice: &Notice) {
        notice.fire();
    }

    fn in_use(&self) {}

    fn scaled(&self, _: String) {}

    fn log(&self, fact: Arc<Fact>) {
        // The subscriber of a test is seldom set up, and the test may fail by the consequences before `run` can panic.
        if let FactKind::Stopping { reason: reason @ Reason::InvalidPlan { .. }, .. } = &fact.kind {
            self.print(format!("lifecycle: the stop begins: {reason}\n"));
        }
        self.log.tell(&fact);
    }

    fn logged(&self, notice: &Notice) {
        notice.fire();
    }

    fn takes_reloads(&self) {}

    fn print(&self, text: String) {
        eprint!("{text}");
    }

    fn die(&self, _: i32) {}
}
