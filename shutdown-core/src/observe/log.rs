//! The log: one `tracing` event for each step of a stop.

use std::borrow::Cow;
use std::time::Duration;

use crate::report::{Outcome, Reason, Unconfirmed};
use crate::stage::Stage;

/// The number of names that a line lists.
const MAX_NAMES: usize = 8;

/// A log event.
#[derive(Debug)]
pub(crate) enum Line {
    Stopping { reason: Reason, left: Duration },
    Hurried,
    Waiting { stage: Stage, names: Vec<String> },
    Unconfirmed { name: Cow<'static, str>, reasons: Vec<Unconfirmed> },
    Stopped { took: Duration, status: u8 },
}

/// Passes one event to the subscriber of the calling thread.
pub(crate) fn log(line: &Line) {
    match line {
        Line::Stopping { reason, left } => {
            let within = humantime::format_duration(Duration::from_millis(millis(*left)));
            tracing::info!(%reason, within = %within, "stopping");
        }
        Line::Hurried => {
            tracing::warn!("second signal: work in flight is cut off now, and at most 3 s are left");
        }
        Line::Waiting { stage, names } => {
            let (shown, more) = names.split_at(names.len().min(MAX_NAMES));
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            tracing::warn!(%stage, "waiting for {}{more}", shown.join(", "));
        }
        Line::Unconfirmed { name, reasons } => {
            // The same words as in the report.
            tracing::warn!("`{name}` {}", Outcome::of(Vec::new(), reasons.clone()));
        }
        Line::Stopped { took, status } => {
            tracing::info!(took_ms = millis(*took), status, "stopped");
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
