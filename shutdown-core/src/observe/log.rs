//! The log: one `tracing` event for each step of a stop, inside of the spans of [`trace`](super::trace).
//!
//! The names of the fields are those of OpenTelemetry, where it has some: its proposal for the event of a component that
//! has shut down (open-telemetry/semantic-conventions, pull request 3723), and the attribute `error.type`.

use std::time::Duration;

use tracing::Id;
use tracing::level_filters::LevelFilter;

use super::trace::{Of, Trace};
use crate::report::{Fact, FactKind, FailureKind, Outcome};
use crate::signals;
use crate::sync::catch::catch;

/// The number of names that a line lists.
const MAX_NAMES: usize = 8;

/// The target of each event and each span.
pub(super) const TARGET: &str = "lifecycle";
/// The component that a stop stops, as a name and as a type.
const LIFECYCLE: &str = "lifecycle";
/// The type of the component that a teardown tears down.
pub(super) const INSTANCE: &str = "lifecycle.instance";
/// The error of a stage that has cut off work, and of a teardown that was given up.
pub(super) const CUT_OFF: &str = "timeout";

/// The log of one lifecycle.
#[derive(Default)]
pub(crate) struct Log {
    trace: Trace,
}

/// Returns whether the log has an event or a span for this fact.
pub(crate) fn is_logged(kind: &FactKind) -> bool {
    match kind {
        FactKind::Reloading
        | FactKind::Reloaded { .. }
        | FactKind::SignalIgnored { .. }
        | FactKind::NotReady { .. }
        | FactKind::ReadyAgain { .. }
        | FactKind::StartWaits { .. }
        | FactKind::StartEnded { .. }
        | FactKind::Restarting { .. }
        | FactKind::ReadinessDrained
        | FactKind::ReadinessUndrained
        | FactKind::Stopping { .. }
        | FactKind::Hurried { .. }
        | FactKind::Waiting { .. }
        | FactKind::Unconfirmed { .. }
        | FactKind::Stopped { .. } => true,
        FactKind::Entered { .. }
        | FactKind::CutOff { .. }
        | FactKind::AtNoticeBegan { .. }
        | FactKind::AtNoticeEnded { .. }
        | FactKind::StartOver { .. }
        | FactKind::TeardownBegan { .. }
        | FactKind::TeardownEnded { .. } => is_read(),
        FactKind::Started | FactKind::Ready | FactKind::StartBegan { .. } | FactKind::Sealed { .. } => false,
    }
}

/// Returns whether a subscriber may want what is logged of each teardown.
pub(crate) fn is_read() -> bool {
    LevelFilter::current() >= LevelFilter::WARN
}

impl Log {
    /// Passes the event and the spans of one fact to the subscriber: of the stop if there is one, or else of the calling
    /// thread.
    pub(crate) fn tell(&self, fact: &Fact) {
        self.trace.open(fact);
        let logged = catch(|| self.trace.place_of(&fact.kind).inside(|parent| self.log(fact, parent)));
        self.trace.close(fact);
        if let Err(panic) = logged {
            panic.resume();
        }
    }

    fn log(&self, fact: &Fact, parent: Option<Id>) {
        match &fact.kind {
            FactKind::Stopping { reason, left } => {
                let within = humantime::format_duration(Duration::from_millis(millis(*left)));
                tracing::info!(target: TARGET, parent: parent, %reason, within = %within, "stopping");
            }
            FactKind::NotReady { name, error } => {
                tracing::warn!(target: TARGET, "`{name}` is not ready: {error}");
            }
            FactKind::ReadyAgain { name } => tracing::info!(target: TARGET, "`{name}` is ready again"),
            FactKind::StartWaits { name, error } => {
                tracing::warn!(target: TARGET, "`{name}` does not start yet: {error}");
            }
            FactKind::StartEnded { name, attempts: 1, took } => {
                tracing::debug!(target: TARGET, took_ms = millis(*took), "`{name}` has started");
            }
            FactKind::StartEnded { name, attempts, took } => {
                tracing::info!(target: TARGET, attempts, took_ms = millis(*took), "`{name}` has started");
            }
            FactKind::StartOver { report } => {
                tracing::debug!(target: TARGET, took_ms = millis(report.took), "{report}");
            }
            FactKind::Restarting { name, error, after } => {
                let after = humantime::format_duration(Duration::from_millis(millis(*after)));
                tracing::warn!(
                    target: TARGET,
                    "supervised task `{name}` ended: {error}; it begins again in {after}"
                );
            }
            FactKind::ReadinessDrained => tracing::info!(target: TARGET, "readiness drained"),
            FactKind::ReadinessUndrained => tracing::info!(target: TARGET, "readiness undrained"),
            FactKind::Reloading => tracing::info!(target: TARGET, "reloading"),
            FactKind::Reloaded { took, error: None } => {
                tracing::info!(target: TARGET, took_ms = millis(*took), "reloaded");
            }
            FactKind::Reloaded { error: Some(error), .. } => {
                tracing::error!(
                    target: TARGET,
                    "the new configuration was refused, and the old one stays in use: {error}"
                );
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
                    parent: parent,
                    "second signal: work in flight is cut off now, and at most 3 s are left"
                );
            }
            FactKind::Waiting { stage, names, .. } => {
                let names = listed(names);
                tracing::warn!(target: TARGET, parent: parent, %stage, "waiting for {names}");
            }
            FactKind::CutOff { stragglers } => {
                let names: Vec<String> = stragglers.iter().map(ToString::to_string).collect();
                let names = listed(&names);
                tracing::warn!(
                    target: TARGET,
                    parent: parent,
                    { error.type = CUT_OFF },
                    "the time of the drain is up, and work in flight is cut off: {names}"
                );
            }
            FactKind::TeardownEnded { name, instance, outcome } => {
                let seconds =
                    self.trace.took(Of::Teardown(*instance), fact.at).map(|took| took.as_secs_f64());
                log_teardown(parent, name, seconds, outcome);
            }
            FactKind::AtNoticeEnded { name, instance, outcome } => {
                let took = self.trace.took(Of::AtNotice(*instance), fact.at).unwrap_or_default();
                log_at_notice(parent, name, millis(took), outcome);
            }
            FactKind::Unconfirmed { name, reasons } => {
                // The same words as in the report.
                let outcome = Outcome::of(Vec::new(), reasons.clone());
                tracing::warn!(target: TARGET, parent: parent, "`{name}` {outcome}");
            }
            FactKind::Stopped { took, status } => log_stopped(parent, *took, *status),
            _ => {}
        }
    }
}

fn log_teardown(parent: Option<Id>, name: &str, seconds: Option<f64>, outcome: &Outcome) {
    if let Some(error) = error_type(outcome) {
        tracing::warn!(
            target: TARGET,
            parent: parent,
            {
                otel.component.name = name,
                otel.component.type = INSTANCE,
                otel.component.shutdown.duration = seconds,
                error.type = error,
            },
            "`{name}` {outcome}"
        );
    } else {
        tracing::info!(
            target: TARGET,
            parent: parent,
            {
                otel.component.name = name,
                otel.component.type = INSTANCE,
                otel.component.shutdown.duration = seconds,
            },
            "`{name}` is torn down"
        );
    }
}

fn log_at_notice(parent: Option<Id>, name: &str, took_ms: u64, outcome: &Outcome) {
    if let Some(error) = error_type(outcome) {
        tracing::warn!(
            target: TARGET,
            parent: parent,
            { otel.component.name = name, otel.component.type = INSTANCE, took_ms, error.type = error },
            "`{name}` at the notice: {outcome}"
        );
    } else {
        tracing::info!(
            target: TARGET,
            parent: parent,
            { otel.component.name = name, otel.component.type = INSTANCE, took_ms },
            "`{name}` at the notice: done"
        );
    }
}

fn log_stopped(parent: Option<Id>, took: Duration, status: u8) {
    if status == 0 {
        tracing::info!(
            target: TARGET,
            parent: parent,
            {
                took_ms = millis(took),
                status,
                otel.component.name = LIFECYCLE,
                otel.component.type = LIFECYCLE,
                otel.component.shutdown.duration = took.as_secs_f64(),
            },
            "stopped"
        );
    } else {
        tracing::warn!(
            target: TARGET,
            parent: parent,
            {
                took_ms = millis(took),
                status,
                otel.component.name = LIFECYCLE,
                otel.component.type = LIFECYCLE,
                otel.component.shutdown.duration = took.as_secs_f64(),
                error.type = %status,
            },
            "stopped"
        );
    }
}

/// Returns the class of the error of a teardown, as `error.type` has it: few values, which are the same in each release.
pub(super) fn error_type(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Ok | Outcome::Unconfirmed { .. } => None,
        Outcome::Failed { failures, .. } => {
            let has_panicked = failures.iter().any(|failure| failure.kind == FailureKind::Panic);
            Some(if has_panicked { "panic" } else { "failed" })
        }
        Outcome::TimedOut => Some(CUT_OFF),
        Outcome::NotRun => Some("not_run"),
    }
}

fn listed(names: &[String]) -> String {
    let (shown, more) = names.split_at(names.len().min(MAX_NAMES));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", shown.join(", "))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
