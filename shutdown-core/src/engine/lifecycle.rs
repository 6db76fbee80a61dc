//! The engine: one lifecycle's sequence, its primitives, and what carries out the sequence's actions.
//!
//! Whoever sees something happen (a signal thread, a worker that ran a teardown, a timer) takes the lock, steps the
//! sequence, lets go of the lock, and carries out what came of it. So a chain of teardowns runs from worker to worker
//! without a detour, and the driver (the supervisor thread, or a task in [`Lifecycle::run`]) only keeps the time.
//!
//! No user code runs under the lock, not even a `Drop`.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::engine::context;
use crate::engine::hook::Hook;
use crate::engine::host::Host;
use crate::engine::tasks::Tasks;
use crate::engine::work::Works;
use crate::observe::log::Line;
use crate::report::{Reason, Report, Straggler};
use crate::sequence::{Action, Config, Event, InstanceId, Sequence, World};
use crate::stage::Stage;
use crate::sync::gate::{Gate, Pass};
use crate::sync::notice::Notice;
use crate::sync::{Flag, lock};

/// The life of a service, from its start to its exit: what it manages, what is in flight, and how it stops.
///
/// A cheap handle: clones are the same lifecycle. `#[lifecycle::main]` makes one for the process, and the functions at
/// the root of this crate act on [the current one](Lifecycle::current). [`Lifecycle::builder`] makes one by hand: for
/// a test, for a library, for a program that has its own `main`. Several can live in one process.
///
/// ```
/// use lifecycle::Lifecycle;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let lifecycle = Lifecycle::builder().grace(Duration::from_secs(1)).build();
/// let report = lifecycle
///     .run(async {
///         lifecycle::defer("say goodbye", || async { println!("goodbye") });
///     })
///     .await;
/// assert_eq!(report.exit_status(), 0);
/// # }
/// ```
#[derive(Clone)]
pub struct Lifecycle(Arc<Inner>);

pub(crate) struct Inner {
    core: Mutex<Core>,
    /// Wakes the supervisor thread, which waits on `core`.
    changed: Condvar,
    /// Wakes the driver of [`Lifecycle::run`].
    nudge: Notify,
    clock: Clock,
    ready: Flag,
    /// `main`'s pass, from the start: nothing is torn down before there was a `main`.
    main: Mutex<Option<Pass>>,
    /// That pass is back.
    main_is_back: Flag,
    gate: Gate,
    tasks: Tasks,
    works: Works,
    /// The stop has begun.
    stopping: Notice,
    /// The drain has begun.
    draining: Notice,
    /// `main` is to be dropped.
    cut: Notice,
    /// What is in flight is to be dropped.
    cut_off: Notice,
    /// Everything is over.
    over: Notice,
    report: OnceLock<Report>,
    runtime: OnceLock<Handle>,
    host: Box<dyn Host>,
}

struct Core {
    sequence: Sequence<Arc<Hook>>,
    /// Until when the driver sleeps unless it is woken; `None`: for ever.
    asleep_until: Option<Instant>,
}

/// Where the time comes from: all deadlines read it, so that a paused clock governs them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The system's monotonic clock.
    System,
    /// Tokio's, which a test can pause.
    Tokio,
}

impl Clock {
    pub(crate) fn now(self) -> Instant {
        match self {
            Clock::System => Instant::now(),
            Clock::Tokio => tokio::time::Instant::now().into_std(),
        }
    }
}

impl World for Inner {
    fn in_flight(&self) -> Vec<Straggler> {
        let (mut stragglers, tasks) = self.tasks.stragglers();
        let (of_edges, known) = self.works.in_flight();
        stragglers.extend(of_edges);
        let main = usize::from(!self.main_is_back.is_set());
        let passes = self.gate.in_flight().saturating_sub(tasks + known + main);
        if passes > 0 {
            stragglers.push(Straggler::Passes { count: passes });
        }
        stragglers
    }
}

/// The engine, as the other rooms of the crate see it.
impl Lifecycle {
    pub(crate) fn new(config: Config, clock: Clock, host: impl Host + 'static) -> Lifecycle {
        let gate = Gate::new();
        let ready = Flag::default();
        if config.job {
            ready.set();
        }
        let inner = Inner {
            core: Mutex::new(Core { sequence: Sequence::new(config), asleep_until: None }),
            changed: Condvar::new(),
            nudge: Notify::new(),
            clock,
            ready,
            main: Mutex::new(gate.pass()),
            main_is_back: Flag::default(),
            gate,
            tasks: Tasks::default(),
            works: Works::default(),
            stopping: Notice::new(),
            draining: Notice::new(),
            cut: Notice::new(),
            cut_off: Notice::new(),
            over: Notice::new(),
            report: OnceLock::new(),
            runtime: OnceLock::new(),
            host: Box::new(host),
        };
        let lifecycle = Lifecycle(Arc::new(inner));
        let weak = Arc::downgrade(&lifecycle.0);
        lifecycle.0.gate.on_drained(move || {
            if let Some(inner) = weak.upgrade() {
                Lifecycle(inner).on(Event::Drained);
            }
        });
        lifecycle
    }

    /// Steps the sequence, and carries out what comes of it.
    pub(crate) fn on(&self, event: Event) {
        self.step(|sequence, now, inner| sequence.on(now, event, inner));
    }

    /// Does something to the sequence, and carries out what comes of it.
    pub(crate) fn step<R>(&self, change: impl FnOnce(&mut Sequence<Arc<Hook>>, Instant, &Inner) -> R) -> R {
        let now = self.0.clock.now();
        let mut core = self.0.core();
        let result = change(&mut core.sequence, now, &self.0);
        let actions = core.sequence.take_actions();
        let wake_at = core.sequence.wake_at();
        let too_late = match (wake_at, core.asleep_until) {
            (Some(wake_at), Some(asleep_until)) => wake_at < asleep_until,
            (wake_at, None) => wake_at.is_some(),
            (None, Some(_)) => true,
        };
        if too_late {
            core.asleep_until = wake_at;
        }
        drop(core);
        for action in actions {
            self.carry_out(action);
        }
        if too_late {
            self.0.changed.notify_one();
            self.0.nudge.notify_one();
        }
        result
    }

    fn carry_out(&self, action: Action<Arc<Hook>>) {
        let inner = &self.0;
        match action {
            Action::Begin { reason, deadline } => {
                inner.host.arm(deadline);
                inner.host.fire(&inner.stopping);
                let left = deadline.saturating_duration_since(inner.clock.now());
                inner.host.log(Line::Stopping { reason, left });
            }
            Action::Hurry { deadline } => {
                inner.host.arm(deadline);
                inner.host.log(Line::Hurried);
            }
            Action::Drain => {
                inner.gate.close();
                inner.host.fire(&inner.draining);
            }
            Action::CutMain => {
                inner.cut.fire();
            }
            Action::CutTasks => {
                inner.tasks.abort();
                inner.host.fire(&inner.cut_off);
            }
            Action::Start(id, hook) => {
                // Without one nobody runs this lifecycle, and so nobody waits.
                if let Some(runtime) = inner.runtime.get() {
                    hook.start(self, id, runtime);
                }
            }
            Action::Abandon(hook, outcome) => {
                if let Some(settled) = hook.abandon(outcome) {
                    inner.host.fire(&settled);
                }
            }
            Action::Waiting { stage, names } => inner.host.log(Line::Waiting { stage, names }),
            Action::Exit(mut report) => {
                report.notes.extend(inner.works.notes());
                inner.host.log(Line::Stopped { took: report.took, status: report.exit_status() });
                let _ = inner.report.set(*report);
                inner.over.fire();
                // Whoever holds the lock now has not seen it, and will be waiting once we get it.
                drop(inner.core());
                inner.changed.notify_one();
            }
            Action::Die(signal) => inner.host.die(signal),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.0.clock.now()
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    #[cfg_attr(
        not(any(feature = "consumer", feature = "http")),
        allow(dead_code, reason = "only an edge behind a feature has work of its own")
    )]
    pub(crate) fn works(&self) -> &Works {
        &self.0.works
    }

    /// `main` is over, and no longer in flight.
    pub(crate) fn return_main_pass(&self) {
        self.0.main_is_back.set();
        let pass = lock(&self.0.main).take();
        drop(pass);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.over.is_fired()
    }

    pub(crate) fn over(&self) -> &Notice {
        &self.0.over
    }

    pub(crate) fn cut(&self) -> &Notice {
        &self.0.cut
    }

    /// What is in flight is to be dropped: its time is up.
    #[cfg_attr(
        not(any(feature = "consumer", feature = "http")),
        allow(dead_code, reason = "only an edge behind a feature has work of its own")
    )]
    pub(crate) fn cut_off(&self) -> &Notice {
        &self.0.cut_off
    }

    pub(crate) fn stop_notice(&self) -> &Notice {
        &self.0.stopping
    }

    pub(crate) fn drain_notice(&self) -> &Notice {
        &self.0.draining
    }

    pub(crate) fn sealed(&self) -> Option<&Report> {
        self.0.report.get()
    }

    pub(crate) fn downgrade(&self) -> std::sync::Weak<Inner> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn upgrade(weak: &std::sync::Weak<Inner>) -> Option<Lifecycle> {
        weak.upgrade().map(Lifecycle)
    }

    /// The runtime on which teardowns and tracked tasks run.
    pub(crate) fn set_runtime(&self, runtime: Handle) -> bool {
        self.0.runtime.set(runtime).is_ok()
    }

    #[track_caller]
    pub(crate) fn runtime(&self) -> Handle {
        match self.0.runtime.get() {
            Some(runtime) => runtime.clone(),
            None => Handle::current(),
        }
    }

    /// Waits on a thread until the sequence has to be ticked, or something changed.
    pub(crate) fn sleep(&self, at_most: Option<Duration>) {
        let mut core = self.0.core();
        let wake_at = core.sequence.wake_at();
        core.asleep_until = wake_at;
        let until_wake = wake_at.map(|at| at.saturating_duration_since(self.0.clock.now()));
        let timeout = match (until_wake, at_most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        match timeout {
            _ if self.is_over() => {}
            Some(timeout) => drop(self.0.changed.wait_timeout(core, timeout)),
            None => drop(self.0.changed.wait(core)),
        }
    }

    /// The same as a future: ticks the sequence until everything is over.
    pub(crate) async fn drive(&self) {
        while !self.is_over() {
            let nudged = self.0.nudge.notified();
            let wake_at = {
                let mut core = self.0.core();
                core.asleep_until = core.sequence.wake_at();
                core.asleep_until
            };
            match wake_at {
                Some(at) => {
                    let _ = tokio::time::timeout_at(tokio::time::Instant::from_std(at), nudged).await;
                }
                None => nudged.await,
            }
            self.on(Event::Tick);
        }
    }
}

impl Inner {
    fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }
}

/// The same as the functions at the root of the crate, of this lifecycle.
impl Lifecycle {
    /// The innermost lifecycle around the calling task or thread; `None` outside of every one.
    pub fn current() -> Option<Lifecycle> {
        context::with(|lifecycle| Some(lifecycle?.clone()))
    }

    /// Runs `f` with this lifecycle as the current one.
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> R {
        context::enter(self, f)
    }

    /// See [`ready`](crate::ready).
    pub fn ready(&self) {
        if self.0.ready.set() {
            self.on(Event::Ready);
        }
    }

    /// Whether start-up is over.
    pub fn is_ready(&self) -> bool {
        self.0.ready.is_set()
    }

    /// Where it is between its start and its exit.
    pub fn stage(&self) -> Stage {
        self.0.core().sequence.stage()
    }

    /// See [`is_stopping`](crate::is_stopping).
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.is_fired()
    }

    /// See [`remaining`](crate::remaining).
    pub fn remaining(&self) -> Option<Duration> {
        let hook: Option<InstanceId> = context::hook();
        let core = self.0.core();
        let own = hook.and_then(|id| core.sequence.limit(id));
        let until = own.or_else(|| core.sequence.deadline())?;
        Some(until.saturating_duration_since(self.0.clock.now()))
    }

    /// See [`shutdown`](crate::shutdown).
    pub fn shutdown(&self, reason: impl Into<Cow<'static, str>>) {
        self.on(Event::Stop(Reason::Requested(reason.into())));
    }

    /// See [`fail`](crate::fail).
    pub fn fail(&self, error: impl fmt::Display) {
        self.on(Event::Stop(Reason::Failed(error.to_string())));
    }

    /// Says that something was managed when the report was already written.
    pub(crate) fn too_late(&self, name: &str, location: &Location<'_>) {
        self.0.host.print(format!(
            "lifecycle: `{name}` (managed at {location}) came after the report: it is not torn down\n"
        ));
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle").field("stage", &self.stage()).finish_non_exhaustive()
    }
}
