//! The port of the sequence: what happens, what has to be done, and what the sequence asks.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::entry::InstanceId;
use crate::report::{FactKind, MainOutcome, Outcome, Reason, Report, Straggler};
use crate::stage::TeardownStage;

/// An event of a lifecycle.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Start-up is over.
    Ready,
    /// A stop was requested.
    Stop(Reason),
    /// The process received a signal.
    Signal(Signal),
    /// A task that the service cannot run without has ended.
    EssentialEnded { name: Cow<'static, str>, error: Option<String> },
    /// `main` has ended, and its future has been dropped.
    MainEnded(MainOutcome),
    /// The gate is closed and every pass has come back, including those of `main` and of tracked tasks. This can only
    /// happen after [`Action::Drain`].
    Drained,
    /// A thread has begun to run this teardown.
    Began(InstanceId),
    /// This teardown has ended.
    Ended(InstanceId, Outcome),
    /// The hook of this instance at the notice has ended, or was dropped.
    AtNoticeEnded(InstanceId, Outcome),
    /// A task has failed during the stop. The text is a sentence.
    TaskFailed(String),
    /// A tracked task panicked.
    TaskPanicked,
    /// No client sends work any more, so that the lame duck has no purpose.
    Unwanted,
    /// Time has passed.
    Tick,
}

/// A signal that asks for a stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signal {
    pub(crate) number: i32,
    /// The process that sent it, if the kernel knows.
    pub(crate) sender: Option<u32>,
    /// Whether the stop has no lame duck, because a person waits for it.
    pub(crate) interrupt: bool,
    /// The time after which the system ends the process itself, even if grace is longer.
    pub(crate) within: Option<Duration>,
}

/// An action that the caller of the sequence has to carry out.
#[derive(Clone, Debug)]
pub(crate) enum Action<H> {
    /// The stop begins. The process has to be gone at the deadline (R9).
    Begin { reason: Reason, deadline: Instant },
    /// The deadline is now this one, which is earlier.
    Hurry { deadline: Instant },
    /// Close the gate, and give the notice of the drain.
    Drain,
    /// Drop `main`'s future at its next await.
    CutMain,
    /// Drop all other work in flight.
    CutWork,
    /// Run the hook of this instance at the notice (R31).
    StartAtNotice(InstanceId, H),
    /// Drop the hook of this instance at the notice, because its time is up.
    AbandonAtNotice(H),
    /// Run this teardown outside of the plan, within its time-out: its release has waited for the end of its hook.
    Release(InstanceId, H, Option<Duration>),
    /// Run this teardown, which belongs to this stage.
    Start(InstanceId, H, TeardownStage),
    /// Drop this teardown, because its time is up. The sequence has recorded the outcome.
    Abandon(H, Outcome),
    /// Warn that the declared time-outs of the managed instances are scaled to fit into grace, and why (R12).
    Scaled(String),
    /// Tell the observers.
    Tell(FactKind),
    /// The stop is over, and this is its report. `is_told` says that its status was told before the flush.
    Exit { report: Box<Report>, is_told: bool },
    /// Die by this signal, at once.
    Die(i32),
}

/// The questions that the sequence asks while it decides.
pub(crate) trait World {
    /// Lists the work in flight, without `main`. With `tell_idle`, a task that has done nothing since the drain began is
    /// marked so.
    fn in_flight(&self, tell_idle: bool) -> Vec<Straggler>;
}
