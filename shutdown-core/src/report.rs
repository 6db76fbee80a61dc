//! What happened during a stop, as a value: reason, stages, instances, stragglers, exit status.

mod display;
mod fact;
mod json;
#[cfg_attr(
    not(feature = "show"),
    expect(dead_code, reason = "the page of `lifecycle show` draws more marks")
)]
pub(crate) mod picture;
#[cfg(feature = "serde")]
mod serialize;
pub(crate) mod span;
mod start;
mod svg;
mod waterfall;

use std::borrow::Cow;
use std::panic::Location;
use std::process::ExitCode;
use std::time::Duration;

pub use fact::{Fact, FactKind};
pub use start::{StartOutcome, StartReport, StartRow};

use crate::stage::Stage;

/// A report of one stop, from the request to the exit. All times count from the request to stop.
///
/// [`Lifecycle::run`](crate::Lifecycle::run) returns the report. Under `#[lifecycle::main]` it is written to stderr.
/// Its `Display` is the waterfall that is written there. [`to_json`](Report::to_json) returns one line for a program,
/// and the feature `serde` implements `Serialize` with the same fields.
///
/// ```
/// use lifecycle::Lifecycle;
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     let report = Lifecycle::builder().block_on(async { /* the service */ }).expect("a runtime");
///     eprint!("{report}");
///     ExitCode::from(&report)
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "a report says whether the stop was clean: look at `exit_status`, or turn it into an `ExitCode`"]
#[doc(alias = "summary")]
pub struct Report {
    /// Why the program stopped.
    pub reason: Reason,
    /// The total time that the stop was allowed to take.
    #[doc(alias("grace period", "terminationGracePeriodSeconds"))]
    pub grace: Duration,
    /// The time that the stop took.
    pub took: Duration,
    /// The stages of the stop, in order.
    pub stages: Vec<StageReport>,
    /// Every managed instance, in the order of teardown.
    pub instances: Vec<InstanceReport>,
    /// The plan: which instances are torn down before which. An instance that no edge names has no order.
    pub edges: Vec<EdgeReport>,
    /// Work that was still running when its time was up.
    pub stragglers: Vec<Straggler>,
    /// How `main` ended. `None` if it never returned.
    pub main: Option<MainOutcome>,
    /// The number of tracked tasks that panicked during the stop. A note counts those that panicked before the stop.
    pub panicked_tasks: usize,
    /// The errors that [`fail`](crate::fail) was called with after the stop had begun.
    pub failures: Vec<String>,
    /// Other things that went wrong, one sentence each: a rule of the plan that could not be kept.
    pub faults: Vec<String>,
    /// Remarks that do not change the exit status, one sentence each.
    pub notes: Vec<String>,
}

/// A stage of the stop, with its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageReport {
    /// The stage.
    pub stage: Stage,
    /// When the stage began.
    pub start: Duration,
    /// How long the stage lasted.
    pub took: Duration,
}

/// The reason of a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The process received a signal.
    #[non_exhaustive]
    #[doc(alias("SIGTERM", "SIGINT", "ctrl_c"))]
    Signal {
        /// The number of the signal. On Windows: the number of the [console event](crate::platforms#console-events).
        number: i32,
        /// The process that sent the signal. `None` if the kernel does not say.
        sender: Option<u32>,
    },
    /// `main` returned, with or without an error, or panicked.
    MainEnded,
    /// A task started by [`spawn_essential`](crate::spawn_essential) ended.
    #[non_exhaustive]
    EssentialEnded {
        /// The name of the task.
        name: Cow<'static, str>,
        /// The error that the task returned. `None` if it returned none.
        error: Option<String>,
    },
    /// [`shutdown`](crate::shutdown) was called with this reason.
    #[non_exhaustive]
    Requested {
        /// The reason that was given.
        reason: Cow<'static, str>,
    },
    /// [`fail`](crate::fail) was called with this error.
    #[non_exhaustive]
    Failed {
        /// The error as text.
        error: String,
    },
    /// A resource did not start (R26).
    #[non_exhaustive]
    StartFailed {
        /// The name of the resource.
        name: Cow<'static, str>,
        /// The error of the last attempt.
        error: String,
        /// The number of attempts.
        attempts: u32,
        /// The time since the first attempt.
        took: Duration,
        /// The resources that were waiting for it.
        waiting: Vec<Cow<'static, str>>,
    },
    /// The plan cannot be carried out: it has a cycle, or time-outs that do not fit into grace.
    #[non_exhaustive]
    InvalidPlan {
        /// What is wrong with the plan.
        error: String,
    },
}

/// How `main` ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MainOutcome {
    /// `main` returned without an error.
    Ok,
    /// `main` returned this error, as its `Debug` text, or an exit code other than success.
    #[non_exhaustive]
    Failed {
        /// The error as text.
        error: String,
    },
    /// `main` panicked with this message.
    #[non_exhaustive]
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// The stop dropped `main` at an await: during start-up, or because its time was up.
    Cut,
}

/// What became of one managed instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstanceReport {
    /// The name of the instance.
    pub name: Cow<'static, str>,
    /// Where the instance was passed to [`manage`](crate::manage) or [`defer`](crate::defer).
    pub location: &'static Location<'static>,
    /// Whether the instance is marked `last`, and so belongs to the flush.
    pub last: bool,
    /// Whether the instance was managed after its place in the plan had passed.
    pub late: bool,
    /// When the teardown began. `None` if it never ran.
    pub start: Option<Duration>,
    /// How long the teardown took.
    pub took: Duration,
    /// How the teardown ended.
    pub outcome: Outcome,
    /// What the hook of the instance at the notice did: see the key `at_notice` of
    /// [`#[lifecycle::resource]`](macro@crate::resource). `None` if there was no such hook, or if it never began.
    pub at_notice: Option<AtNoticeReport>,
}

/// What became of the hook of one instance at the notice (R31).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AtNoticeReport {
    /// When the hook began.
    pub start: Duration,
    /// How long the hook took.
    pub took: Duration,
    /// How the hook ended. [`Outcome::TimedOut`] if it had not ended when its time was up.
    pub outcome: Outcome,
}

/// Edges of the plan that have one reason: each instance of `first` is torn down before each instance of `then`.
///
/// The numbers are indices of [`Report::instances`]. Between the instances of a type with 100 instances and those of another
/// one there is one value of this kind, and not 10,000.
///
/// ```
/// use lifecycle::{Deferred, Lifecycle, Teardown};
///
/// #[lifecycle::resource]
/// struct Pool;
///
/// #[lifecycle::teardown]
/// impl Teardown for Pool {
///     async fn teardown(&self) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let report = Lifecycle::builder()
///     .run(async {
///         let pool = lifecycle::manage(Pool);
///         Deferred::new("orders").uses(&pool).run(async || {});
///     })
///     .await;
/// let edge = &report.edges[0];
/// assert_eq!(report.instances[edge.first[0]].name, "orders");
/// assert_eq!(report.instances[edge.then[0]].name, "Pool");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EdgeReport {
    /// The instances that are torn down first.
    pub first: Vec<usize>,
    /// The instances that are torn down after all of `first`.
    pub then: Vec<usize>,
    /// The reason in words, such as "field `db`".
    pub why: String,
}

/// How a teardown ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The teardown ended without an error. The peer has confirmed the release, or nothing was outstanding (R22).
    Ok,
    /// The teardown ended without an error, and cannot know whether something was lost (R22).
    ///
    /// The exit status stays 0, because nothing is known to be lost. A teardown says so by
    /// [`unconfirmed`](crate::unconfirmed).
    #[non_exhaustive]
    Unconfirmed {
        /// What is not confirmed, in the order of the steps.
        reasons: Vec<Unconfirmed>,
    },
    /// The teardown ran to its end, with at least one error or panic: one for each step that failed.
    #[non_exhaustive]
    Failed {
        /// Each error or panic, in the order of the steps.
        failures: Vec<Failure>,
        /// What other steps, or the same ones, could not confirm.
        unconfirmed: Vec<Unconfirmed>,
    },
    /// The teardown was dropped when its time was up.
    TimedOut,
    /// No thread of the runtime became free to run the teardown.
    NotRun,
}

/// The step of a hand-written teardown.
pub(crate) const TEARDOWN: &str = "teardown";

/// An error or a panic in one step of a teardown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The step: the name of a field, `teardown` for the hand-written method, or the name of a hook at the notice.
    pub step: &'static str,
    /// Whether the step returned an error or panicked.
    pub kind: FailureKind,
    /// The error or the panic, as text.
    pub message: String,
}

/// A release that one step of a teardown could not confirm: see [`unconfirmed`](crate::unconfirmed).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unconfirmed {
    /// The step: the name of a field, `teardown` for the hand-written method, or the name of a hook at the notice.
    pub step: &'static str,
    /// The reason that the step gave.
    pub reason: String,
}

/// Whether a step of a teardown returned an error or panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The step returned an error.
    Error,
    /// The step panicked.
    Panic,
}

/// Work that was still running when its time was up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Straggler {
    /// The future of `main`.
    Main,
    /// Tasks started by [`spawn`](crate::spawn) or [`spawn_essential`](crate::spawn_essential).
    #[non_exhaustive]
    Tasks {
        /// The name of an essential or a supervised task. `None` for a task without a name.
        name: Option<Cow<'static, str>>,
        /// Where the tasks were spawned.
        location: &'static Location<'static>,
        /// The number of tasks.
        count: usize,
        /// Whether the tasks did nothing in a drain of at least 500 ms.
        ///
        /// Such a task may be waiting for the cleanup, which cannot begin before the drain ends: see
        /// [`spawn`](crate::spawn).
        idle: bool,
    },
    /// Closures started by [`spawn_blocking`](crate::spawn_blocking).
    #[non_exhaustive]
    Blocking {
        /// Where the closures were spawned.
        location: &'static Location<'static>,
        /// The number of closures.
        count: usize,
    },
    /// Connections of a server, or messages of a consumer.
    #[non_exhaustive]
    InFlight {
        /// What they were doing, and for whom.
        doing: String,
        /// The number of connections or messages.
        count: usize,
    },
    /// Passes that were never returned.
    #[non_exhaustive]
    Passes {
        /// The number of passes.
        count: usize,
    },
}

impl Outcome {
    /// Returns the outcome of a teardown that ran to its end.
    pub(crate) fn of(failures: Vec<Failure>, unconfirmed: Vec<Unconfirmed>) -> Outcome {
        match (failures.is_empty(), unconfirmed.is_empty()) {
            (true, true) => Outcome::Ok,
            (true, false) => Outcome::Unconfirmed { reasons: unconfirmed },
            (false, _) => Outcome::Failed { failures, unconfirmed },
        }
    }

    /// Returns whether nothing is known to be lost.
    fn is_success(&self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Unconfirmed { .. })
    }

    /// Returns what the teardown could not confirm.
    pub(crate) fn unconfirmed(&self) -> &[Unconfirmed] {
        match self {
            Outcome::Unconfirmed { reasons } => reasons,
            Outcome::Failed { unconfirmed, .. } => unconfirmed,
            Outcome::Ok | Outcome::TimedOut | Outcome::NotRun => &[],
        }
    }
}

impl Report {
    /// Returns the exit status (R20).
    ///
    /// | status | when |
    /// |---|---|
    /// | 0 | the stop was clean: nothing is known to be lost |
    /// | 1 | `main`, the start of a resource or an essential task failed, or [`fail`](crate::fail) was called |
    /// | 70 | the stop ended in time, but something failed or was cut off |
    /// | 78 | the plan is invalid |
    /// | 101 | `main` panicked |
    /// | 124 | the deadline passed before every teardown had run |
    ///
    /// If several rows apply, the order is 78, 124, 101, 1, 70.
    pub fn exit_status(&self) -> u8 {
        if let Reason::InvalidPlan { .. } = self.reason {
            78
        } else if self.instances.iter().any(|instance| instance.outcome == Outcome::NotRun) {
            124
        } else if let Some(MainOutcome::Panicked { .. }) = self.main {
            101
        } else if self.failed_by_itself() {
            1
        } else if self.cut_off() || self.something_failed() {
            70
        } else {
            0
        }
    }

    /// Returns true if the exit status is 0.
    pub fn is_clean(&self) -> bool {
        self.exit_status() == 0
    }

    /// Returns true if the program stopped because of an error of its own.
    fn failed_by_itself(&self) -> bool {
        matches!(
            self.reason,
            Reason::EssentialEnded { .. } | Reason::Failed { .. } | Reason::StartFailed { .. }
        ) || matches!(self.main, Some(MainOutcome::Failed { .. }))
            || !self.failures.is_empty()
    }

    /// Returns true if the report says no more than that `main` has returned.
    pub(crate) fn is_only_the_end_of_main(&self) -> bool {
        self.reason == Reason::MainEnded
            && matches!(self.main, Some(MainOutcome::Ok | MainOutcome::Failed { .. }))
            && self.failures.is_empty()
            && !self.cut_off()
            && !self.something_failed()
    }

    /// Returns true if anything was cut off, and may still be running.
    pub(crate) fn cut_off(&self) -> bool {
        let ran_out =
            |instance: &InstanceReport| matches!(instance.outcome, Outcome::TimedOut | Outcome::NotRun);
        let ran_out = |instance: &InstanceReport| {
            let hook = instance.at_notice.as_ref();
            ran_out(instance) || hook.is_some_and(|hook| hook.outcome == Outcome::TimedOut)
        };
        !self.stragglers.is_empty() || self.instances.iter().any(ran_out)
    }

    fn something_failed(&self) -> bool {
        let failed = |instance: &InstanceReport| !instance.outcome.is_success();
        let failed_at_notice = |instance: &InstanceReport| {
            instance.at_notice.as_ref().is_some_and(|hook| !hook.outcome.is_success())
        };
        self.panicked_tasks > 0
            || !self.faults.is_empty()
            || self.instances.iter().any(|instance| failed(instance) || failed_at_notice(instance))
    }
}

impl From<&Report> for ExitCode {
    /// Returns the [`exit_status`](Report::exit_status) as an exit code, for a `main` that is not `#[lifecycle::main]`.
    fn from(report: &Report) -> ExitCode {
        ExitCode::from(report.exit_status())
    }
}
