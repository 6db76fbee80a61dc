//! A fact: one thing that happens in a lifecycle, told while it happens (R34).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::{Outcome, Reason, Report, StartReport, Straggler, Unconfirmed};
use crate::stage::Stage;

/// One thing that has happened in a lifecycle, for an [observer](crate::Builder::observer).
#[derive(Clone, Debug)]
#[non_exhaustive]
#[doc(alias("event", "hook", "callback"))]
pub struct Fact {
    /// When: the time since the lifecycle was built.
    pub at: Duration,
    /// What happened.
    pub kind: FactKind,
}

/// What has happened in a lifecycle.
///
/// The facts come in the order of their causes: a teardown ends before the stage after it is entered. Facts without a
/// common cause, such as the ends of two teardowns, may come in either order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FactKind {
    /// `main` is about to run.
    Started,
    /// Start-up is over: [`ready`](crate::ready) was called.
    Ready,
    /// The program begins to read its configuration again (R33).
    Reloading,
    /// The program has answered a reload request.
    #[non_exhaustive]
    Reloaded {
        /// How long it took.
        took: Duration,
        /// Why the new configuration was refused. `None` if it is in use.
        error: Option<String>,
    },
    /// A signal is ignored: a SIGHUP of a program that has no terminal and takes no reload requests (R14).
    #[non_exhaustive]
    SignalIgnored {
        /// The number of the signal.
        number: i32,
    },
    /// The readiness was drained, without a stop: probes answer that load balancers are to send no further request.
    ReadinessDrained,
    /// The readiness is not drained any more.
    ReadinessUndrained,
    /// A part of the service is not ready (R30): the readiness check of an instance failed, or a supervised task ended too
    /// often. Told once for each change.
    #[non_exhaustive]
    NotReady {
        /// The name of the instance, or of the task.
        name: Cow<'static, str>,
        /// Why.
        error: String,
    },
    /// A part of the service that was not ready is ready again.
    #[non_exhaustive]
    ReadyAgain {
        /// The name of the instance, or of the task.
        name: Cow<'static, str>,
    },
    /// A resource begins to start: its first attempt (R25).
    #[non_exhaustive]
    StartBegan {
        /// The name of the resource.
        name: Cow<'static, str>,
    },
    /// A start is tried again. Told once for each error (R27).
    #[non_exhaustive]
    StartWaits {
        /// The name of the resource.
        name: Cow<'static, str>,
        /// What the last attempt has said.
        error: String,
    },
    /// A resource has started.
    #[non_exhaustive]
    StartEnded {
        /// The name of the resource.
        name: Cow<'static, str>,
        /// The number of attempts.
        attempts: u32,
        /// The time since the first attempt.
        took: Duration,
    },
    /// A start is over: everything has started, or it has failed, or the stop has begun.
    #[non_exhaustive]
    StartOver {
        /// What happened in it.
        report: Arc<StartReport>,
    },
    /// A supervised task has ended, and begins again (R32).
    #[non_exhaustive]
    Restarting {
        /// The name of the task.
        name: Cow<'static, str>,
        /// Why it ended.
        error: String,
        /// The time until it begins again.
        after: Duration,
    },
    /// The stop begins (the notice).
    #[non_exhaustive]
    Stopping {
        /// Why.
        reason: Reason,
        /// The time until the deadline.
        left: Duration,
    },
    /// The hook of an instance at the notice begins (R31).
    #[non_exhaustive]
    AtNoticeBegan {
        /// The name of the instance.
        name: Cow<'static, str>,
        /// The number of the instance in its process.
        instance: u64,
    },
    /// The hook of an instance at the notice has ended, or was given up.
    #[non_exhaustive]
    AtNoticeEnded {
        /// The name of the instance.
        name: Cow<'static, str>,
        /// The number of the instance in its process.
        instance: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// A second signal has cut the time of the stop.
    #[non_exhaustive]
    Hurried {
        /// The time until the deadline.
        left: Duration,
    },
    /// A stage begins.
    #[non_exhaustive]
    Entered {
        /// The stage.
        stage: Stage,
    },
    /// The stop goes on waiting. Told every 5 s.
    #[non_exhaustive]
    Waiting {
        /// The stage that waits.
        stage: Stage,
        /// What it waits for.
        names: Vec<String>,
        /// The time until the deadline.
        left: Duration,
    },
    /// The time of the drain is over, and this work is cut off.
    #[non_exhaustive]
    CutOff {
        /// The work.
        stragglers: Vec<Straggler>,
    },
    /// The teardown of an instance begins.
    #[non_exhaustive]
    TeardownBegan {
        /// The name of the instance.
        name: Cow<'static, str>,
        /// The number of the instance in its process. It tells apart two instances of one name.
        instance: u64,
    },
    /// The teardown of an instance has ended, or was given up.
    #[non_exhaustive]
    TeardownEnded {
        /// The name of the instance.
        name: Cow<'static, str>,
        /// The number of the instance in its process.
        instance: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// A teardown could not confirm something (R22).
    #[non_exhaustive]
    Unconfirmed {
        /// The name of the instance.
        name: Cow<'static, str>,
        /// What it could not confirm.
        reasons: Vec<Unconfirmed>,
    },
    /// The stop is over, except for the flush of what is marked `last`.
    ///
    /// A log or a trace exporter that is marked `last` therefore ships it. If the flush changes the status, this fact is
    /// told again after the flush.
    #[non_exhaustive]
    Stopped {
        /// How long the stop has taken so far.
        took: Duration,
        /// The exit status so far.
        status: u8,
    },
    /// The report is sealed. It is the last fact.
    #[non_exhaustive]
    Sealed {
        /// The report. Faults of the exit that follows are not in it.
        report: Arc<Report>,
    },
}

impl FactKind {
    /// Returns whether this is the begin or the end of the teardown of one instance, or of its hook at the notice. There may
    /// be thousands.
    pub(crate) fn is_of_a_teardown(&self) -> bool {
        matches!(
            self,
            FactKind::TeardownBegan { .. }
                | FactKind::TeardownEnded { .. }
                | FactKind::AtNoticeBegan { .. }
                | FactKind::AtNoticeEnded { .. }
        )
    }
}
