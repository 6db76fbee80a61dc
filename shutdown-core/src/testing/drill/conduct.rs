//! One run of a drill in process: a runtime and a lifecycle of its own, and a signal at the instant that the case asks for.
//!
//! A fault on the paused clock takes no time, because the clock moves on when every task waits. A blocked thread would stop
//! that clock, so that its run has the wall clock, workers besides the blocked ones, and a short grace.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, join, select};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, sleep_until};

use super::case::Case;
use super::run::Run;
use crate::engine::builder::Builder;
use crate::engine::fault::{Change, Latch, Planted};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainOutput;
use crate::report::{Fact, FactKind, MainOutcome, Report};
use crate::sequence::{Event, Signal};
use crate::stage::{Stage, TeardownStage};
use crate::sync::gate::Pass;
use crate::sync::notice::Notice;
use crate::sync::{Flag, lock, thread};
use crate::testing::report::{ServiceInstance, ServiceReport};

/// The number of SIGTERM on every Unix.
const SIGTERM: i32 = 15;

/// The time between two signals that count as two (R14).
const BETWEEN_SIGNALS: Duration = Duration::from_millis(250);

/// How long a lame duck lasts into which a second signal has to fit.
const LAME_DUCK: Duration = Duration::from_secs(1);

/// How long a service on the paused clock has to be ready. After that the stop begins all the same.
const UNTIL_READY: Duration = Duration::from_secs(600);

/// The same on the wall clock.
const UNTIL_READY_BY_THE_WALL_CLOCK: Duration = Duration::from_secs(5);

/// How often the wall-clock runtime is woken. A worker that blocks while it holds tokio's driver stalls the timers (R15).
const WAKE_INTERVAL: Duration = Duration::from_millis(5);

/// How long nothing has to happen until everything waits.
const SETTLE: Duration = Duration::from_millis(1);

/// Why a second signal in a stage was not possible.
const TOO_SHORT: &str = "the stop has no such stage, or it was over before a second signal could come";

/// The tolerance of the deadline by the wall clock, on a machine that is busy with other tests.
const LATE: Duration = Duration::from_millis(500);

/// The time that tasks have to end after the report.
const THREADS_LIMIT: Duration = Duration::from_millis(100);

/// What a drill knows when it starts a run.
pub(super) struct Setting<'a> {
    pub(super) builder: &'a Builder,
    pub(super) grace: Duration,
    pub(super) lame_duck: Duration,
    /// Whether the service is a batch job, whose stop begins when it ends.
    pub(super) job: bool,
    /// How long the service runs after it is ready. Zero if the program has not said so.
    pub(super) stop_after: Duration,
}

/// What the clean run teaches, apart from the run itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned {
    /// How many instances were managed when the signal was sent. `None` if the stop began by itself.
    pub(super) managed: Option<usize>,
    /// Whether the service was not ready then, and will not be in another run.
    pub(super) never_ready: bool,
    /// Whether there is an instance of the cleanup, and one of the flush.
    pub(super) cleanup: bool,
    pub(super) flush: bool,
}

/// How one run went.
pub(super) struct Conducted {
    pub(super) run: Run,
    pub(super) learned: Learned,
    /// Why the case did not happen.
    pub(super) missed: Option<&'static str>,
}

/// Runs one case on the paused clock.
pub(super) fn paused<F>(case: Case, setting: &Setting<'_>, main: F) -> Conducted
where
    F: Future<Output: MainOutput>,
{
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    // Tokio has no paused clock when it is built for loom.
    #[cfg(not(loom))]
    builder.start_paused(true);
    let runtime = builder.build().expect("a runtime can be built");
    let lame_duck = match case {
        Case::SecondSignal { stage: Stage::LameDuck } => {
            setting.lame_duck.max(LAME_DUCK.min(setting.grace / 2))
        }
        // The second signal then counts at the first instant of the drain.
        Case::SecondSignal { stage: Stage::Drain } => setting.lame_duck.max(BETWEEN_SIGNALS),
        _ => setting.lame_duck,
    };
    let builder = setting.builder.clone().lame_duck(lame_duck);
    conduct(case, setting, builder, runtime, None, main)
}

/// Runs one case by the wall clock, with `grace`, in which `blocked` threads may block.
pub(super) fn by_the_wall_clock<F>(
    case: Case,
    setting: &Setting<'_>,
    learned: &Learned,
    grace: Duration,
    blocked: usize,
    main: F,
) -> Conducted
where
    F: Future<Output: MainOutput>,
{
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(blocked + 1).enable_all().build().expect("a runtime can be built");
    let handle = runtime.handle().clone();
    let is_over = Arc::new(Flag::new());
    let over = Arc::clone(&is_over);
    let waker = move || {
        while !over.is_set() {
            std::thread::sleep(WAKE_INTERVAL);
            drop(handle.spawn(async {}));
        }
    };
    thread::start("lc-drill", waker).expect("a thread can be started");
    let builder = setting.builder.clone().lowered_to(grace).lame_duck(Duration::ZERO);
    let mut conducted = conduct(case, &Setting { grace, ..*setting }, builder, runtime, Some(learned), main);
    is_over.set();
    conducted.run = conducted.run.with_tolerance(LATE);
    conducted
}

/// A second signal: when it is sent, and what waits for it.
struct Second {
    stage: Stage,
    /// Fires after the signal was sent. The teardowns of the stage wait for it.
    sent: Notice,
}

fn conduct<F>(
    case: Case,
    setting: &Setting<'_>,
    builder: Builder,
    runtime: Runtime,
    learned: Option<&Learned>,
    main: F,
) -> Conducted
where
    F: Future<Output: MainOutput>,
{
    let released: Arc<Mutex<Releases>> = Arc::default();
    let seen = Arc::clone(&released);
    let lifecycle = builder.observer("drill", move |fact| lock(&seen).learn(fact)).build();
    let latch = Latch::default();
    let mut second = None;
    match &case {
        Case::Clean => {}
        Case::Fault { fault, instance } => {
            let planted = Planted { fault: *fault, instance: instance.clone() };
            lifecycle.change_teardowns(Change::fault(planted, latch.clone()));
        }
        Case::SecondSignal { stage } => {
            let sent = Notice::new();
            let held = match stage {
                Stage::Cleanup => Some(TeardownStage::Cleanup),
                Stage::Flush => Some(TeardownStage::Flush),
                _ => None,
            };
            if let Some(stage) = held {
                lifecycle.change_teardowns(Change::Hold { stage, until: sent.clone() });
            }
            second = Some(Second { stage: *stage, sent });
        }
    }
    // With this pass the drain does not end before the second signal.
    let holds_the_drain = second.as_ref().is_some_and(|second| second.stage == Stage::Drain);
    let pass = holds_the_drain.then(|| lifecycle.in_flight().gate.pass()).flatten();
    let (report, signals) = runtime.block_on(async {
        let has_second = second.is_some();
        let signals = async {
            let over = lifecycle.notices().over.wait();
            let signals = std::pin::pin!(stop(&lifecycle, setting, learned, second, pass));
            match select(signals, over).await {
                Either::Left((signals, _)) => signals,
                Either::Right(_) => Signals { missed: has_second.then_some(TOO_SHORT), ..Signals::default() },
            }
        };
        join(lifecycle.run_to_report(main), signals).await
    });
    latch.open();
    runtime.shutdown_timeout(THREADS_LIMIT);

    let learned = Learned {
        managed: signals.managed,
        never_ready: signals.remark.is_some(),
        cleanup: report.instances.iter().any(|instance| !instance.last),
        flush: report.instances.iter().any(|instance| instance.last),
    };
    let (status, took) = (report.exit_status(), report.took);
    let mut run = Run::new(case, Some(status), took, setting.grace, Some(of(&report)));
    run.released = std::mem::take(&mut lock(&released).rows);
    run.remarks.extend(signals.remark);
    Conducted { run, learned, missed: signals.missed }
}

/// What the conductor has seen.
#[derive(Default)]
struct Signals {
    managed: Option<usize>,
    remark: Option<String>,
    missed: Option<&'static str>,
}

/// Sends the first signal when the service is ready, and the second one in its stage. `pass` holds the drain until then.
async fn stop(
    lifecycle: &Lifecycle,
    setting: &Setting<'_>,
    learned: Option<&Learned>,
    second: Option<Second>,
    pass: Option<Pass>,
) -> Signals {
    let mut signals = Signals::default();
    let is_ready = until_ready(lifecycle, setting, learned).await;
    if lifecycle.stage() == Stage::Running {
        signals.managed = Some(lifecycle.not_torn_down());
        let what = if setting.job { "did not end" } else { "was not ready" };
        signals.remark = (!is_ready).then(|| {
            format!(
                "the service {what} in time, so that the drill has stopped it: it waits for something that does not come. A \
                 release before the stop needs a `timeout`, and a service calls `lifecycle::ready()` when it has started"
            )
        });
    }
    let first = Instant::now();
    send(lifecycle);
    let Some(Second { stage, sent }) = second else { return signals };
    while lifecycle.stage() < stage {
        if stage == Stage::Drain {
            lifecycle.notices().draining.wait().await;
        } else {
            sleep(Duration::from_millis(10)).await;
        }
    }
    sleep_until(first + BETWEEN_SIGNALS).await;
    signals.missed = (lifecycle.stage() != stage).then_some(TOO_SHORT);
    // The drain ends here, if nothing else is in flight.
    drop(pass);
    send(lifecycle);
    sent.fire();
    signals
}

fn send(lifecycle: &Lifecycle) {
    lifecycle.on(Event::Signal(Signal { number: SIGTERM, sender: None, interrupt: false, within: None }));
}

/// Waits until the service is ready and every task waits, or until a stop begins. Returns whether one of them came.
async fn until_ready(lifecycle: &Lifecycle, setting: &Setting<'_>, learned: Option<&Learned>) -> bool {
    let is_paused = learned.is_none();
    let limit = if is_paused { UNTIL_READY } else { UNTIL_READY_BY_THE_WALL_CLOCK };
    let never_ready = learned.is_some_and(|learned| learned.never_ready);
    let enough = learned.and_then(|learned| learned.managed).unwrap_or_default();
    // A job is ready from the start, and stops when its work is done.
    let is_stopped_by_itself = setting.job && setting.stop_after.is_zero();
    let began = Instant::now();
    let mut step = SETTLE;
    while !stops_within(lifecycle, step).await {
        let is_ready = lifecycle.is_ready() || never_ready;
        if !is_stopped_by_itself && is_ready && lifecycle.not_torn_down() >= enough {
            stops_within(lifecycle, setting.stop_after.max(SETTLE)).await;
            return true;
        }
        if began.elapsed() >= limit {
            return false;
        }
        if is_paused {
            step = (step * 2).min(Duration::from_secs(1));
        }
    }
    true
}

/// Waits for this time, and less if a stop begins. A paused clock moves on only when every task waits. Returns whether the
/// stop has begun.
async fn stops_within(lifecycle: &Lifecycle, time: Duration) -> bool {
    select(std::pin::pin!(sleep(time)), lifecycle.notices().stopping.wait()).await;
    lifecycle.stage() != Stage::Running
}

/// The instances that were released before the stop, from the facts of the lifecycle.
#[derive(Default)]
struct Releases {
    rows: Vec<ServiceInstance>,
    is_stopping: bool,
}

impl Releases {
    fn learn(&mut self, fact: &Fact) {
        match &fact.kind {
            FactKind::Stopping { .. } => self.is_stopping = true,
            FactKind::TeardownEnded { name, outcome, .. } if !self.is_stopping => {
                let (name, outcome) = (name.to_string(), outcome.to_string());
                self.rows.push(ServiceInstance { name, start: None, took: Duration::ZERO, outcome });
            }
            _ => {}
        }
    }
}

/// Returns a report in words.
fn of(report: &Report) -> ServiceReport {
    let instances = report.instances.iter().map(|instance| ServiceInstance {
        name: instance.name.to_string(),
        start: instance.start,
        took: instance.took,
        outcome: instance.outcome.to_string(),
    });
    let of_main = match &report.main {
        Some(MainOutcome::Failed { error }) => Some(format!("`main` failed: {error}")),
        Some(MainOutcome::Panicked { message }) => Some(format!("`main` panicked: {message}")),
        Some(MainOutcome::Ok | MainOutcome::Cut) | None => None,
    };
    let remarks = [&report.failures, &report.faults, &report.notes].into_iter().flatten().cloned();
    ServiceReport {
        reason: report.reason.to_string(),
        status: report.exit_status(),
        took: report.took,
        stages: report.stages.iter().map(|stage| stage.stage.to_string()).collect(),
        instances: instances.collect(),
        edges: report.edges.clone(),
        cut_off: report.stragglers.iter().map(ToString::to_string).collect(),
        remarks: of_main.into_iter().chain(remarks).collect(),
    }
}
