//! What a lifecycle needs of where it runs, as a port: the engine decides, and this carries it into the world.

use std::time::{Duration, Instant};

use crate::notice::Notice;
use crate::report::Reason;
use crate::stage::Stage;

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

/// One log event.
#[derive(Debug)]
pub(crate) enum Line {
    Stopping { reason: Reason, left: Duration },
    Hurried,
    Waiting { stage: Stage, names: Vec<String> },
    Stopped { took: Duration, status: u8 },
}

/// Hands one line to the subscriber.
pub(crate) fn log(line: &Line) {
    match line {
        Line::Stopping { reason, left } => {
            let within = humantime::format_duration(Duration::from_millis(millis(*left))).to_string();
            tracing::info!(%reason, %within, "stopping");
        }
        Line::Hurried => tracing::warn!("second signal: what is in flight is cut off now"),
        Line::Waiting { stage, names } => {
            let (shown, more) = names.split_at(names.len().min(8));
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            tracing::warn!(%stage, "waiting for {}{more}", shown.join(", "));
        }
        Line::Stopped { took, status } => {
            tracing::info!(took_ms = millis(*took), status, "stopped");
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
