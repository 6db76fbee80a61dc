//! One lifecycle as data: its sequence behind a lock, its notices, what is in flight, and where it runs.
//!
//! This file only holds the parts. [`driver`](super::driver) steps the sequence and carries out its actions.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, Weak};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};

use super::clock::Clock;
use super::hook::Hook;
use super::host::Host;
use super::start::Values;
use super::tasks::Tasks;
use super::work::Works;
#[cfg(feature = "metrics")]
use crate::observe::metrics::Counts;
use crate::observe::observers::Observers;
use crate::report::{Report, Straggler};
use crate::sequence::{Config, Event, InstanceId, Sequence, World};
use crate::sync::gate::{Gate, Pass};
use crate::sync::notice::Notice;
use crate::sync::{Counter, Flag, lock};

/// The life of a service, from its start to its exit: what it manages, what is in flight, and how it stops.
///
/// A `Lifecycle` is a cheap handle: clones are the same lifecycle. `#[lifecycle::main]` makes one for the process, and
/// the functions at the root of this crate act on [the current one](Lifecycle::current). [`Lifecycle::builder`] makes
/// one by hand: for a test, for a library, or for a program that has its own `main`. Several can live in one process.
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
pub struct Lifecycle(Arc<Engine>);

/// The parts of one lifecycle.
pub(crate) struct Engine {
    pub(super) steps: Mutex<Steps>,
    /// Wakes the supervisor thread, which waits on `steps`.
    pub(super) changed: Condvar,
    /// Wakes the driver of [`Lifecycle::run`].
    pub(super) nudge: Notify,
    pub(super) clock: Clock,
    pub(super) notices: Notices,
    pub(super) in_flight: InFlight,
    pub(super) ready: Flag,
    job: bool,
    pub(super) report: OnceLock<Report>,
    pub(super) runtime: OnceLock<Handle>,
    pub(super) host: Box<dyn Host>,
    pub(super) observers: Observers,
    /// Where reload requests go, once the program takes them.
    pub(super) reloads: OnceLock<mpsc::Sender<()>>,
    #[cfg(feature = "http")]
    pub(super) readiness: super::readiness::Said,
    #[cfg(feature = "http")]
    pub(super) checks: super::checks::Checks,
    /// The instant from which the times of facts count.
    pub(super) built: Instant,
    /// How many instances were managed.
    instances: Counter,
    /// The resources that have started.
    pub(super) values: Values,
    /// What a drill changes in the teardowns (R38).
    #[cfg(feature = "testing")]
    pub(super) changed_teardowns: OnceLock<super::fault::Change>,
    /// What a drill asks of this lifecycle, as a sentence for the report.
    #[cfg(feature = "testing")]
    pub(super) drill_note: OnceLock<String>,
}

/// The sequence, and until when its driver sleeps.
pub(super) struct Steps {
    pub(super) sequence: Sequence<Arc<Hook>>,
    /// `None` while the driver sleeps until it is woken.
    pub(super) asleep_until: Option<Instant>,
}

/// What a lifecycle announces, each at most once.
#[derive(Debug)]
pub(crate) struct Notices {
    /// The stop has begun.
    pub(crate) stopping: Notice,
    /// The drain has begun.
    pub(crate) draining: Notice,
    /// The future of `main` is to be dropped.
    pub(crate) main_cut: Notice,
    /// Work in flight is to be dropped: its time is up.
    pub(crate) work_cut: Notice,
    /// The report is sealed.
    pub(crate) over: Notice,
}

/// The work in flight: it is counted by the gate, and named by tasks and edges.
pub(crate) struct InFlight {
    pub(crate) gate: Gate,
    pub(crate) tasks: Tasks,
    pub(crate) works: Works,
    /// The pass of `main`, taken before `main` runs: nothing is torn down before there was a `main`.
    main: Mutex<Option<Pass>>,
    main_is_over: Flag,
}

impl InFlight {
    fn new() -> InFlight {
        let gate = Gate::new();
        InFlight {
            main: Mutex::new(gate.pass()),
            main_is_over: Flag::default(),
            gate,
            tasks: Tasks::default(),
            works: Works::default(),
        }
    }

    /// Gives the pass of `main` back: `main` is over.
    pub(super) fn return_main(&self) {
        self.main_is_over.set();
        let pass = lock(&self.main).take();
        drop(pass);
    }

    /// Counts what is in flight, except for `main` itself.
    #[cfg(feature = "metrics")]
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts { tasks: self.tasks.count(), ..Counts::default() };
        let of_edges = self.works.count(&mut counts);
        let main = usize::from(!self.main_is_over.is_set());
        counts.passes = self.gate.in_flight().saturating_sub(counts.tasks + of_edges + main);
        counts
    }

    /// Whether nothing is in flight, except for `main` itself.
    #[cfg(feature = "http")]
    pub(crate) fn is_main_alone(&self) -> bool {
        self.gate.in_flight() <= usize::from(!self.main_is_over.is_set())
    }
}

impl World for InFlight {
    fn in_flight(&self, tell_idle: bool) -> Vec<Straggler> {
        let (mut stragglers, tasks) = self.tasks.stragglers(tell_idle);
        let (of_edges, known) = self.works.in_flight();
        stragglers.extend(of_edges);
        let main = usize::from(!self.main_is_over.is_set());
        let passes = self.gate.in_flight().saturating_sub(tasks + known + main);
        if passes > 0 {
            stragglers.push(Straggler::Passes { count: passes });
        }
        stragglers
    }
}

impl Engine {
    pub(super) fn steps(&self) -> MutexGuard<'_, Steps> {
        lock(&self.steps)
    }
}

impl Lifecycle {
    pub(crate) fn new(
        config: Config,
        clock: Clock,
        host: impl Host + 'static,
        observers: Observers,
    ) -> Lifecycle {
        let lifecycle = Lifecycle(Arc::new(Engine {
            steps: Mutex::new(Steps { sequence: Sequence::new(config), asleep_until: None }),
            changed: Condvar::new(),
            nudge: Notify::new(),
            built: clock.now(),
            clock,
            notices: Notices {
                stopping: Notice::new(),
                draining: Notice::new(),
                main_cut: Notice::new(),
                work_cut: Notice::new(),
                over: Notice::new(),
            },
            in_flight: InFlight::new(),
            ready: Flag::default(),
            job: config.job,
            report: OnceLock::new(),
            runtime: OnceLock::new(),
            host: Box::new(host),
            observers,
            reloads: OnceLock::new(),
            #[cfg(feature = "http")]
            readiness: super::readiness::Said::default(),
            #[cfg(feature = "http")]
            checks: super::checks::Checks::default(),
            instances: Counter::new(),
            values: Values::default(),
            #[cfg(feature = "testing")]
            changed_teardowns: OnceLock::new(),
            #[cfg(feature = "testing")]
            drill_note: OnceLock::new(),
        }));
        if config.job {
            lifecycle.engine().ready.set();
        }
        let weak = lifecycle.downgrade();
        lifecycle.in_flight().gate.on_drained(move || {
            if let Some(lifecycle) = weak.upgrade() {
                lifecycle.on(Event::Drained);
            }
        });
        lifecycle
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0
    }

    pub(crate) fn notices(&self) -> &Notices {
        &self.0.notices
    }

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }

    /// Numbers an instance, in the order of registration. The number is unique in the process, so that the handle of
    /// another lifecycle's instance names none of this one.
    pub(super) fn next_instance(&self) -> InstanceId {
        static INSTANCES: Counter = Counter::new();
        if self.0.instances.next() == 0 {
            self.0.host.in_use();
        }
        InstanceId(INSTANCES.next())
    }

    /// Returns whether `main` has used nothing of this lifecycle so far: it is not ready, and has managed nothing. A
    /// job is ready from the start, so that only the second condition counts.
    pub(crate) fn is_unused(&self) -> bool {
        (self.0.job || !self.0.ready.is_set()) && self.0.instances.given() == 0
    }

    /// Returns how many managed instances have not been torn down.
    pub(crate) fn not_torn_down(&self) -> usize {
        self.0.steps().sequence.not_torn_down()
    }

    pub(crate) fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// The report, once it is sealed.
    pub(crate) fn sealed(&self) -> Option<&Report> {
        self.0.report.get()
    }

    /// Sets the runtime on which teardowns and tracked tasks run. Returns whether it was the first.
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

    /// Returns whether two lifecycles run on one runtime.
    pub(super) fn runs_with(&self, other: &Lifecycle) -> bool {
        let id = |lifecycle: &Lifecycle| lifecycle.0.runtime.get().map(Handle::id);
        id(self).is_some_and(|own| id(other) == Some(own))
    }

    /// Tells this lifecycle from another one that exists at the same time.
    pub(super) fn address(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }

    pub(super) fn is_same(&self, other: &Lifecycle) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn downgrade(&self) -> WeakLifecycle {
        WeakLifecycle(Arc::downgrade(&self.0))
    }
}

/// A handle that does not keep its lifecycle.
#[derive(Clone)]
pub(crate) struct WeakLifecycle(Weak<Engine>);

impl WeakLifecycle {
    pub(super) fn upgrade(&self) -> Option<Lifecycle> {
        self.0.upgrade().map(Lifecycle)
    }
}
