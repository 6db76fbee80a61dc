//! The log: one event for each step of a stop, through `tracing`.

use std::time::Duration;

use crate::report::Reason;
use crate::stage::Stage;

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
