//! What happened during a stop, as a value: reason, stages, every instance, stragglers, exit status.

mod json;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::stage::Stage;

/// What happened during one stop, from the request to the exit. All times count from the request to stop.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Why the program stopped.
    pub reason: Reason,
    /// The total time the stop was allowed to take.
    pub grace: Duration,
    /// How long it took.
    pub took: Duration,
    /// The stages it went through, in order.
    pub stages: Vec<StageSpan>,
    /// Every managed instance, in the order in which they were torn down.
    pub instances: Vec<InstanceReport>,
    /// What was still running when its time was up.
    pub stragglers: Vec<Straggler>,
    /// How `main` ended; `None` if it never came back.
    pub main: Option<MainEnding>,
    /// How many tracked tasks panicked during the stop.
    pub panicked_tasks: usize,
    /// What `fail` said when the stop had already begun for another reason.
    pub failures: Vec<String>,
    /// What else went wrong, a sentence each: a rule of the plan that could not be kept.
    pub faults: Vec<String>,
    /// What else is worth knowing, a sentence each.
    pub notes: Vec<String>,
}

/// One stage of the stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageSpan {
    /// Which one.
    pub stage: Stage,
    /// When it began.
    pub start: Duration,
    /// How long it lasted.
    pub took: Duration,
}

/// Why a stop began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The process received a signal.
    Signal {
        /// Its number.
        number: i32,
        /// The process that sent it, where the kernel says so.
        sender: Option<u32>,
    },
    /// `main` ended: it returned, with or without an error, or panicked.
    MainEnded,
    /// A task started by `spawn_essential` ended.
    EssentialEnded {
        /// The name it was given.
        name: Cow<'static, str>,
        /// What it returned, where that was an error.
        error: Option<String>,
    },
    /// `shutdown(reason)` was called.
    Requested(Cow<'static, str>),
    /// `fail(error)` was called.
    Failed(String),
    /// The plan cannot be carried out: a cycle, or time-outs that do not fit into grace.
    InvalidPlan(String),
}

/// How `main` ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MainEnding {
    /// It returned without an error.
    Ok,
    /// It returned an error, here as its `Debug` text, or an exit code other than success.
    Failed(String),
    /// It panicked, with this message.
    Panicked(String),
    /// The stop dropped it at an await: during start-up, or because its time was up.
    Cut,
}

/// What became of one managed instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstanceReport {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Where it was handed to `manage` or `defer`.
    pub location: &'static Location<'static>,
    /// Whether it was marked `last`, and so belongs to the flush.
    pub last: bool,
    /// Whether it was managed when its place in the plan had passed.
    pub late: bool,
    /// When its teardown began; `None` if it never ran.
    pub start: Option<Duration>,
    /// How long its teardown took.
    pub took: Duration,
    /// How its teardown ended.
    pub outcome: Outcome,
}

/// How a teardown ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Without an error.
    Ok,
    /// With errors or panics: one, or one for each field that was released. It ran to its end all the same.
    Failed(Vec<Failure>),
    /// It was cut off when its time was up.
    TimedOut,
    /// No thread of the runtime came free to run it.
    NotRun,
}

/// One thing that went wrong in a teardown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Which part: a field, or `teardown` for the hand-written method.
    pub step: &'static str,
    /// Whether it returned an error or panicked.
    pub kind: FailureKind,
    /// The error or the panic, as text.
    pub message: String,
}

/// Whether a step of a teardown returned an error or panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// It returned an error.
    Error,
    /// It panicked.
    Panic,
}

/// Something that was still running when its time was up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Straggler {
    /// `main`'s own future.
    Main,
    /// Tasks started by `spawn` or `spawn_essential`: where, and how many.
    Tasks(&'static Location<'static>, usize),
    /// Closures started by `spawn_blocking`: where, and how many.
    Blocking(&'static Location<'static>, usize),
    /// Connections of a server, messages of a consumer: what they were doing, and how many.
    InFlight(String, usize),
    /// Passes that were not given back.
    Passes(usize),
}

impl Report {
    /// The exit status (R20): 0 clean, 1 failed, 70 in time but something failed or was cut off, 78 invalid plan,
    /// 101 `main` panicked, 124 the deadline struck before everything had run.
    pub fn exit_status(&self) -> u8 {
        if let Reason::InvalidPlan(_) = self.reason {
            78
        } else if self.instances.iter().any(|instance| instance.outcome == Outcome::NotRun) {
            124
        } else if let Some(MainEnding::Panicked(_)) = self.main {
            101
        } else if self.failed_by_itself() {
            1
        } else if self.cut_off() || self.something_failed() {
            70
        } else {
            0
        }
    }

    /// Whether everything ended well: the exit status is 0.
    pub fn is_clean(&self) -> bool {
        self.exit_status() == 0
    }

    /// Whether the program ended because of an error of its own.
    fn failed_by_itself(&self) -> bool {
        matches!(self.reason, Reason::EssentialEnded { .. } | Reason::Failed(_))
            || matches!(self.main, Some(MainEnding::Failed(_)))
            || !self.failures.is_empty()
    }

    /// Whether anything was cut off, and may still be running.
    pub(crate) fn cut_off(&self) -> bool {
        let ran_out =
            |instance: &InstanceReport| matches!(instance.outcome, Outcome::TimedOut | Outcome::NotRun);
        !self.stragglers.is_empty() || self.instances.iter().any(ran_out)
    }

    fn something_failed(&self) -> bool {
        let failed = |instance: &InstanceReport| instance.outcome != Outcome::Ok;
        self.panicked_tasks > 0 || !self.faults.is_empty() || self.instances.iter().any(failed)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Signal { number, sender: None } => f.write_str(&signal_name(*number)),
            Reason::Signal { number, sender: Some(pid) } => {
                write!(f, "{} from process {pid}", signal_name(*number))
            }
            Reason::MainEnded => f.write_str("`main` ended"),
            Reason::EssentialEnded { name, error: None } => write!(f, "essential task `{name}` ended"),
            Reason::EssentialEnded { name, error: Some(error) } => {
                write!(f, "essential task `{name}` failed: {error}")
            }
            Reason::Requested(why) => write!(f, "shutdown requested: {why}"),
            Reason::Failed(error) => write!(f, "failed: {error}"),
            Reason::InvalidPlan(error) => write!(f, "invalid plan: {error}"),
        }
    }
}

/// The name of a signal that programs are stopped by, else its number.
fn signal_name(number: i32) -> Cow<'static, str> {
    Cow::Borrowed(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        15 => "SIGTERM",
        _ => return Cow::Owned(format!("signal {number}")),
    })
}

impl fmt::Display for Straggler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Straggler::Main => f.write_str("`main`"),
            Straggler::Tasks(location, 1) => write!(f, "task spawned at {location}"),
            Straggler::Tasks(location, count) => write!(f, "{count} tasks spawned at {location}"),
            Straggler::Blocking(location, 1) => write!(f, "blocking task spawned at {location}"),
            Straggler::Blocking(location, count) => write!(f, "{count} blocking tasks spawned at {location}"),
            Straggler::InFlight(doing, 1) => f.write_str(doing),
            Straggler::InFlight(doing, count) => write!(f, "{count} x {doing}"),
            Straggler::Passes(1) => f.write_str("1 pass that was not given back"),
            Straggler::Passes(count) => write!(f, "{count} passes that were not given back"),
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

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ok => f.write_str("ok"),
            Outcome::TimedOut => f.write_str("timed out"),
            Outcome::NotRun => f.write_str("not run"),
            Outcome::Failed(failures) => {
                for (at, failure) in failures.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "; " };
                    write!(f, "{comma}{failure}")?;
                }
                Ok(())
            }
        }
    }
}
