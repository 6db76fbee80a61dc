//! The parts of a report in words. The waterfall, the JSON and the log use the same ones.

use std::fmt;

use super::span::Span;
use super::{Failure, FailureKind, MainOutcome, Outcome, Reason, Straggler, Unconfirmed};
use crate::signals;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Signal { number, sender: None } => f.write_str(&signals::name(*number)),
            Reason::Signal { number, sender: Some(pid) } => {
                write!(f, "{} from process {pid}", signals::name(*number))
            }
            Reason::MainEnded => f.write_str("`main` ended"),
            Reason::EssentialEnded { name, error: None } => write!(f, "essential task `{name}` ended"),
            Reason::EssentialEnded { name, error: Some(error) } => {
                write!(f, "essential task `{name}` failed: {error}")
            }
            Reason::Requested { reason: why } => write!(f, "shutdown requested: {why}"),
            Reason::Failed { error } => write!(f, "failed: {error}"),
            Reason::StartFailed { name, error, attempts, took, waiting } => {
                write!(f, "`{name}` did not start: {error}")?;
                if *attempts > 1 {
                    write!(f, " ({attempts} attempts in {})", Span(*took))?;
                }
                if !waiting.is_empty() {
                    write!(f, "; waiting for it: `{}`", waiting.join("`, `"))?;
                }
                Ok(())
            }
            Reason::InvalidPlan { error } => write!(f, "invalid plan: {error}"),
        }
    }
}

impl fmt::Display for MainOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MainOutcome::Ok => f.write_str("ok"),
            MainOutcome::Failed { error } => write!(f, "failed: {error}"),
            MainOutcome::Panicked { message } => write!(f, "panicked: {message}"),
            MainOutcome::Cut => f.write_str("cut off"),
        }
    }
}

impl fmt::Display for Straggler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Straggler::Main => f.write_str("`main`"),
            Straggler::Tasks { name, location, count, idle } => {
                let (tasks, them) = if *count == 1 { ("task", "the task") } else { ("tasks", "the tasks") };
                write!(f, "{count} {tasks} ")?;
                if let Some(name) = name {
                    write!(f, "`{name}` ")?;
                }
                write!(f, "spawned at {location}")?;
                if *idle {
                    write!(
                        f,
                        ", idle during the drain (waiting for the cleanup? end {them} at `lifecycle::stopping()`, or let \
                         a resource own {them})"
                    )?;
                }
                Ok(())
            }
            Straggler::Blocking { location, count: 1 } => write!(f, "1 blocking task spawned at {location}"),
            Straggler::Blocking { location, count } => {
                write!(f, "{count} blocking tasks spawned at {location}")
            }
            Straggler::InFlight { doing, count: 1 } => f.write_str(doing),
            Straggler::InFlight { doing, count } => write!(f, "{count} x {doing}"),
            Straggler::Passes { count: 1 } => f.write_str("1 pass that was not returned"),
            Straggler::Passes { count } => write!(f, "{count} passes that were not returned"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.kind {
            FailureKind::Error => "failed",
            FailureKind::Panic => "panicked",
        };
        write!(f, "{} {verb}: {}", self.step, self.message)
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        // The name of the instance says the rest.
        if self.step == super::TEARDOWN { Ok(()) } else { write!(f, " ({})", self.step) }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ok => f.write_str("ok"),
            Outcome::TimedOut => f.write_str("timed out"),
            Outcome::NotRun => f.write_str("not run"),
            Outcome::Unconfirmed { reasons } => write_unconfirmed(f, reasons),
            Outcome::Failed { failures, unconfirmed } => {
                write_list(f, failures)?;
                if unconfirmed.is_empty() {
                    return Ok(());
                }
                f.write_str("; ")?;
                write_unconfirmed(f, unconfirmed)
            }
        }
    }
}

/// Writes `unconfirmed:` and each reason. The log uses the same words.
fn write_unconfirmed(f: &mut fmt::Formatter<'_>, reasons: &[Unconfirmed]) -> fmt::Result {
    f.write_str("unconfirmed: ")?;
    write_list(f, reasons)
}

fn write_list(f: &mut fmt::Formatter<'_>, parts: &[impl fmt::Display]) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        let separator = if at == 0 { "" } else { "; " };
        write!(f, "{separator}{part}")?;
    }
    Ok(())
}
