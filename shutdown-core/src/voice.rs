//! What a lifecycle says while it stops: log events through `tracing`, on a thread where they cannot hold anything up.

use std::time::Duration;

use crate::process::{Helper, Reporter};
use crate::report::Reason;
use crate::stage::Stage;

/// How many log events may wait for a slow subscriber.
const QUEUE: usize = 256;

/// One log event. No state travels this way: a line that does not fit into the queue is dropped.
#[derive(Debug)]
pub(crate) enum Line {
    Stopping { reason: Reason, left: Duration },
    Hurried,
    Waiting { stage: Stage, names: Vec<String> },
    Stopped { took: Duration, status: u8 },
}

/// Where log events go.
pub(crate) enum Voice {
    /// Straight to `tracing`: in a runtime of the caller's.
    Direct,
    /// To a thread of their own: a subscriber is user code, and may hang.
    Threads {
        log: Helper,
        /// Text for stderr.
        print: Reporter,
    },
}

impl Voice {
    pub(crate) fn say(&self, line: Line) {
        match self {
            Voice::Direct => log(&line),
            Voice::Threads { log: helper, .. } => helper.give_unless_behind(QUEUE, move || log(&line)),
        }
    }

    pub(crate) fn say_on_stderr(&self, text: &str) {
        match self {
            Voice::Direct => eprint!("{text}"),
            Voice::Threads { print, .. } => print.print(text.to_owned()),
        }
    }
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
