//! A drill: a service is run once for every fault that can happen in its stop (R38).
//!
//! The files stand in reading order: what a run is, what has to hold in it, the matrix of all runs, and how one run is
//! conducted: in process, or as a process of its own.

mod case;
mod checks;
#[cfg(unix)]
mod child;
mod conduct;
mod edges;
mod matrix;
#[cfg(unix)]
mod program;
mod run;

use std::fmt;
use std::time::Duration;

use tokio::runtime::Handle;

pub use self::case::Case;
pub use self::checks::Breach;
use self::checks::breaches;
use self::conduct::{Conducted, Learned, Setting};
pub use self::matrix::Matrix;
#[cfg(unix)]
pub use self::program::{DrillRun, ProgramDrill, drill_program};
pub use self::run::Run;
use crate::budget::DEFAULT_GRACE;
use crate::engine::builder::Builder;
use crate::engine::fault::Fault;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainOutput;
use crate::stage::Stage;

/// The graces of a run by the wall clock, the next one if a rule did not hold: the machine may have been busy.
const GRACES_BY_THE_WALL_CLOCK: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(5)];

/// The shortest grace in which a second signal counts, and leaves the later stages some time.
const SHORTEST_GRACE_OF_SIGNALS: Duration = Duration::from_secs(1);

/// Prepares a drill of a service: one run for each instance and each [`Fault`], and one for a second signal in each stage.
///
/// The first run has no fault, and shows which instances there are. [`run`](Drill::run) then repeats the service, each time with
/// one fault at one instance. It returns a [`Matrix`]. In each run, these rules of the design have to hold:
///
/// | rule | claim |
/// |---|---|
/// | R1, R2 | no teardown begins before each one that the plan puts before it has ended |
/// | R6 | each instance is torn down |
/// | R7 | the other instances end as they do without the fault; after a hang or a block, those that the plan connects with it may fail |
/// | R9 | the stop is over at the deadline |
/// | R20 | the exit status tells of the fault |
///
/// `service` is called once for each run. It returns the future of `main`, with fakes in the place of its peers.
///
/// # Clock
///
/// Each run has a runtime of its own, whose [clock is paused](tokio::time::pause): a hang of 25 s takes no time. The stop begins by
/// SIGTERM, 1 ms after the service is [ready](crate::ready()) and every task waits. It begins before if `main` ends.
///
/// A paused clock does not wait for sockets. A service with real peers is drilled in a process of its own.
///
/// [`Fault::Block`] needs the wall clock, and another thread. Its runs have one worker thread for each blocked one, and one more. Grace is
/// 200 ms there, and declared time-outs are scaled as `LIFECYCLE_GRACE` scales them. If a rule does not hold, the run is repeated with 1 s,
/// and then with 5 s, because the machine may have been busy. The drill takes 200 ms for each instance: for 10 instances 2 s. A
/// service whose stop takes more than 1.25 s by its own clock is not drilled with this fault, and the matrix says so.
///
/// A teardown that a second signal gives up is listed, and breaks no rule: 3 s are left after that signal (R14).
///
/// # What it does not see
///
/// - A teardown that ignores an error of its own client. The fault replaces the whole teardown.
/// - A loss that no error tells. [`check`](Drill::check) is for that, such as with a [`Ledger`](super::Ledger).
/// - A service whose runs differ, such as by chance. It has to manage the same in each run.
/// - Faults of hooks at the notice, of starts, and of tasks.
/// - A call that blocks the thread of a run on the paused clock. The drill then waits for the call.
///
/// # Examples
///
/// ```
/// use lifecycle::testing::drill;
/// use lifecycle::{Managed, Teardown};
///
/// #[lifecycle::resource(timeout = "2s")]
/// struct Database;
///
/// #[lifecycle::resource(timeout = "2s")]
/// struct Orders {
///     db: Managed<Database>,
/// }
///
/// # macro_rules! nothing { ($($name:ident)*) => { $(
/// #[lifecycle::teardown]
/// impl Teardown for $name {
///     async fn teardown(&self) {}
/// }
/// # )* } }
/// # nothing!(Database Orders);
/// async fn service() {
///     let db = lifecycle::manage(Database);
///     lifecycle::manage(Orders { db });
///     lifecycle::stopping().await;
/// }
///
/// drill(service).run().assert_holds();
/// ```
#[doc(alias("chaos", "fault injection", "simulation"))]
pub fn drill<S, F>(service: S) -> Drill<S>
where
    S: FnMut() -> F,
    F: Future<Output: MainOutput>,
{
    Drill {
        service,
        grace: DEFAULT_GRACE,
        lame_duck: Duration::ZERO,
        job: false,
        stop_after: Duration::ZERO,
        faults: Fault::ALL.to_vec(),
        checks: Vec::new(),
    }
}

/// A drill that is being configured: see [`drill`].
#[must_use = "a drill runs nothing until `run`"]
pub struct Drill<S> {
    service: S,
    grace: Duration,
    lame_duck: Duration,
    job: bool,
    stop_after: Duration,
    faults: Vec<Fault>,
    checks: Vec<(String, Check)>,
}

type Check = Box<dyn FnMut(&Run) -> Result<(), String>>;

impl<S, F> Drill<S>
where
    S: FnMut() -> F,
    F: Future<Output: MainOutput>,
{
    /// Configures the grace of the service. Defaults to 25 s.
    ///
    /// # Panics
    ///
    /// Panics if `grace` is below 10 ms.
    #[track_caller]
    pub fn grace(mut self, grace: Duration) -> Drill<S> {
        // The builder checks it, at the caller's line.
        let _ = Lifecycle::builder().grace(grace);
        self.grace = grace;
        self
    }

    /// Configures the lame duck of the service. Defaults to 0 s.
    ///
    /// The run with a second signal in the lame duck has one of at least 1 s, and at most half of grace.
    pub fn lame_duck(mut self, lame_duck: Duration) -> Drill<S> {
        self.lame_duck = lame_duck;
        self
    }

    /// Configures a batch job: ready from the start, and without a lame duck. Its stop begins when its `main` ends.
    pub fn job(mut self) -> Drill<S> {
        self.job = true;
        self
    }

    /// Configures how long the service runs after it is ready, before the stop begins. Defaults to 1 ms, and for a job to its end.
    ///
    /// A service with work that comes by a timer then has work in flight at its stop.
    pub fn stop_after(mut self, stop_after: Duration) -> Drill<S> {
        self.stop_after = stop_after;
        self
    }

    /// Configures the faults. Defaults to all of them.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Drill<S> {
        self.faults = faults.into_iter().collect();
        self.faults.sort_unstable();
        self.faults.dedup();
        self
    }

    /// Adds a check that has to hold after each run, with or without a fault.
    ///
    /// `claim` is a claim in words, such as `no message is lost`. The matrix has it in the place of a rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use std::rc::Rc;
    ///
    /// use lifecycle::testing::{Fault, Ledger, drill};
    ///
    /// let ledger = Rc::new(RefCell::new(Ledger::<u64>::new()));
    /// let current = Rc::clone(&ledger);
    /// let matrix = drill(|| {
    ///     let ledger = Rc::clone(&ledger);
    ///     async move {
    ///         *ledger.borrow_mut() = Ledger::new(); // one for each run
    ///         ledger.borrow_mut().sent(1..=3);
    ///         lifecycle::defer("buffer", async || {});
    ///         lifecycle::stopping().await;
    ///         ledger.borrow_mut().handled(1..=3);
    ///     }
    /// })
    /// .faults([Fault::Error])
    /// .check("no message is lost", move |_| match &current.borrow().lost()[..] {
    ///     [] => Ok(()),
    ///     lost => Err(format!("{lost:?} were sent and not handled")),
    /// })
    /// .run();
    /// matrix.assert_holds();
    /// ```
    pub fn check(
        mut self,
        claim: impl Into<String>,
        check: impl FnMut(&Run) -> Result<(), String> + 'static,
    ) -> Drill<S> {
        self.checks.push((claim.into(), Box::new(check)));
        self
    }

    /// Runs the drill.
    ///
    /// # Panics
    ///
    /// Panics inside of a tokio runtime. Call it in a plain `#[test]`.
    #[track_caller]
    pub fn run(mut self) -> Matrix {
        assert!(
            Handle::try_current().is_err(),
            "`drill(..).run()` is called inside of a tokio runtime: call it in a plain `#[test]`"
        );
        let mut builder = Lifecycle::builder().grace(self.grace);
        if self.job {
            builder = builder.job();
        }
        let Conducted { run: clean, learned, .. } = self.paused(&builder, Case::Clean);
        let names = clean.names();
        let mut runs = vec![clean];
        let mut skipped = Vec::new();
        // Every other run would stop in the same way.
        if runs[0].status == Some(78) {
            return Matrix::new(runs, skipped);
        }
        for name in &names {
            for fault in self.faults.clone() {
                let case = Case::fault(fault, name);
                if fault != Fault::Block {
                    runs.push(self.paused(&builder, case).run);
                    continue;
                }
                match self.blocked(&builder, &runs[0], &learned, name) {
                    Ok(run) => runs.push(run),
                    Err(why) => skipped.push((case, why)),
                }
            }
        }
        for (stage, is_there) in [
            (Stage::LameDuck, !self.job),
            (Stage::Drain, true),
            (Stage::Cleanup, learned.cleanup),
            (Stage::Flush, learned.flush),
        ] {
            let case = Case::SecondSignal { stage };
            if !is_there {
                continue;
            }
            if self.grace < SHORTEST_GRACE_OF_SIGNALS {
                skipped.push((case, format!("grace is below {SHORTEST_GRACE_OF_SIGNALS:?}")));
                continue;
            }
            let Conducted { run, missed, .. } = self.paused(&builder, case.clone());
            match missed {
                Some(why) => skipped.push((case, why.to_owned())),
                None => runs.push(run),
            }
        }
        Matrix::new(runs, skipped)
    }

    fn paused(&mut self, builder: &Builder, case: Case) -> Conducted {
        let setting = self.setting(builder);
        let service = &mut self.service;
        let conducted = conduct::paused(case, &setting, async { service().await });
        self.checked(conducted)
    }

    /// Runs a blocked thread at this instance. Returns an error if the stop would take too long for it.
    fn blocked(
        &mut self,
        builder: &Builder,
        clean: &Run,
        learned: &Learned,
        name: &str,
    ) -> Result<Run, String> {
        if clean.released.iter().any(|row| row.name == name) {
            return Err("it is released before the stop, where nothing limits the time".to_owned());
        }
        let needs = clean.took.saturating_sub(self.lame_duck) * 4;
        let longest = self.grace;
        let mut graces = GRACES_BY_THE_WALL_CLOCK.into_iter().map(|grace| grace.min(longest));
        let Some(mut grace) = graces.find(|grace| *grace >= needs) else {
            return Err(
                "a blocked thread needs the wall clock, and the stop takes too long for that".to_owned()
            );
        };
        let blocked = clean.rows().iter().filter(|row| row.name == name).count();
        loop {
            let setting = self.setting(builder);
            let service = &mut self.service;
            let main = async { service().await };
            let case = Case::fault(Fault::Block, name);
            let conducted = conduct::by_the_wall_clock(case, &setting, learned, grace, blocked, main);
            let run = self.checked(conducted).run;
            match graces.next() {
                Some(next) if !breaches(clean, &run).is_empty() => grace = next,
                _ => return Ok(run),
            }
        }
    }

    fn setting<'a>(&self, builder: &'a Builder) -> Setting<'a> {
        Setting {
            builder,
            grace: self.grace,
            lame_duck: self.lame_duck,
            job: self.job,
            stop_after: self.stop_after,
        }
    }

    fn checked(&mut self, mut conducted: Conducted) -> Conducted {
        for (claim, check) in &mut self.checks {
            let result = check(&conducted.run);
            conducted.run.checked(claim, result);
        }
        conducted
    }
}

impl<S> fmt::Debug for Drill<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drill")
            .field("grace", &self.grace)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
