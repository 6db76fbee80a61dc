//! The log: one `tracing` event for each step of a stop.

use std::time::Duration;

use crate::report::{Fact, FactKind, Outcome};
use crate::signals;

/// The number of names that a line lists.
const MAX_NAMES: usize = 8;

/// The target of each event.
const TARGET: &str = "lifecycle";

/// Returns whether the log has an event for this fact.
pub(crate) fn is_logged(kind: &FactKind) -> bool {
    matches!(
        kind,
        FactKind::Reloading
            | FactKind::Reloaded { .. }
            | FactKind::SignalIgnored { .. }
            | FactKind::StartWaits { .. }
            | FactKind::StartEnded { .. }
            | FactKind::Restarting { .. }
            | FactKind::Stopping { .. }
            | FactKind::Hurried { .. }
            | FactKind::Waiting { .. }
            | FactKind::Unconfirmed { .. }
            | FactKind::Stopped { .. }
    )
}

/// Passes the event of one fact to the subscriber of the calling thread.
pub(crate) fn log(fact: &Fact) {
    match &fact.kind {
        FactKind::Stopping { reason, left } => {
            let within = humantime::format_duration(Duration::from_millis(millis(*left)));
            tracing::info!(target: TARGET, %reason, within = %within, "stopping");
        }
        FactKind::StartWaits { name, error } => {
            tracing::warn!(target: TARGET, "`{name}` does not start yet: {error}");
        }
        FactKind::StartEnded { name, attempts: 1, took } => {
            tracing::debug!(target: TARGET, took_ms = millis(*took), "`{name}` has started");
        }
        FactKind::StartEnded { name, attempts, took } => {
            tracing::info!(target: TARGET, attempts, took_ms = millis(*took), "`{name}` has started");
        }
        FactKind::Restarting { name, error, after } => {
            let after = humantime::format_duration(Duration::from_millis(millis(*after)));
            tracing::warn!(target: TARGET, "supervised task `{name}` ended: {error}; it begins again in {after}");
        }
        FactKind::Reloading => tracing::info!(target: TARGET, "reloading"),
        FactKind::Reloaded { took, error: None } => {
            tracing::info!(target: TARGET, took_ms = millis(*took), "reloaded");
        }
        FactKind::Reloaded { error: Some(error), .. } => {
            tracing::error!(target: TARGET, "the new configuration was refused, and the old one stays in use: {error}");
        }
        FactKind::SignalIgnored { number } => {
            let signal = signals::name(*number);
            tracing::warn!(
                target: TARGET,
                "{signal} is ignored: the process has no controlling terminal, and takes no reload requests"
            );
        }
        FactKind::Hurried { .. } => {
            tracing::warn!(
                target: TARGET,
                "second signal: work in flight is cut off now, and at most 3 s are left"
            );
        }
        FactKind::Waiting { stage, names, .. } => {
            let (shown, more) = names.split_at(names.len().min(MAX_NAMES));
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            tracing::warn!(target: TARGET, %stage, "waiting for {}{more}", shown.join(", "));
        }
        FactKind::Unconfirmed { name, reasons } => {
            // The same words as in the report.
            tracing::warn!(target: TARGET, "`{name}` {}", Outcome::of(Vec::new(), reasons.clone()));
        }
        FactKind::Stopped { took, status } => {
            tracing::info!(target: TARGET, took_ms = millis(*took), status, "stopped");
        }
        _ => {}
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
