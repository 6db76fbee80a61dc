//! The drill of a program: one process for each fault, with real signals and the wall clock.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use super::case::Case;
use super::child::{self, VARIABLE};
use super::matrix::Matrix;
use super::run::Run;
use crate::engine::fault::Fault;
use crate::stage::Stage;
use crate::sync::lock;
use crate::testing::load::Load;
use crate::testing::program::Program;
use crate::testing::service::Service;
use crate::testing::stopped::Stopped;

/// Runs a drill of a program: one process for each fault, with real signals and the wall clock.
///
/// `make` returns the program of one run, or a [`DrillRun`] with a load and checks. It is called for each run, so that each can
/// have a folder of its own.
///
/// | run | what happens |
/// |---|---|
/// | `clean` | SIGTERM, and nothing else. The drill learns the instances from the report |
/// | `hang:orders-db` and others | the same, with a [fault](Fault) in the teardown of one instance |
/// | `second signal in the drain` and others | a second SIGTERM in the lame duck, the drain, the cleanup or the flush |
///
/// The drill waits for each stage by the [facts](crate::Fact) in the report file, and holds the stage until the second signal.
/// The program needs the feature `testing` of `shutdown-core`, which plants the faults. A dev-dependency with that feature
/// is enough: `cargo test` builds the binaries of the package with it. Other builds do not have it.
///
/// # Time
///
/// A drill of `n` instances has at most `5 n + 5` runs. A hang and a blocked thread take up to the whole grace, and a slow
/// teardown half of it. So a short [grace](Program::grace) makes a drill fast. With 4 instances, a grace of 2 s, and 4 processes
/// [at a time](ProgramDrill::parallel), the faults take at most `(4 × 2 × 2 s + 4 × 1 s) / 4 = 5 s`.
///
/// # What a run must not show
///
/// - an exit status that does not say what happened: 70 after a failed teardown, 0 after a slow one
/// - a second instance that fails because of the fault at the first one
/// - a teardown that begins before the teardowns that the plan puts before it have ended
/// - work that was cut off, unless the second signal did that
/// - a process that is still there 4 s after its deadline, or that ended without a report
/// - a panic of any thread, or a child process that was left behind
/// - a lost request of the [load](DrillRun::load), or a [check](DrillRun::check) that fails
///
/// # What it does not see
///
/// - A loss that nobody counts: what the service stores needs a [check](DrillRun::check).
/// - A teardown that ignores an error of its own client. The fault replaces the whole teardown, except for slowness.
/// - A child process that is left behind by the instance that hangs. That instance keeps its values.
/// - A panic whose message a hook of the program writes in another form, or elsewhere than on stderr.
/// - A blocked thread in a program with one thread: nothing else can run then (R6), and the matrix says so.
/// - Faults of starts, of hooks at the notice, and of tasks.
/// - What only an optimized build does. `cargo test --release` drills that build.
///
/// # Examples
///
/// ```no_run
/// use lifecycle::testing::{Program, drill_program};
/// # macro_rules! env { ($name:literal) => { $name } }
///
/// # #[cfg(unix)]
/// #[test]
/// fn every_fault_of_the_stop_is_survived() {
///     let shop = || {
///         Program::new(env!("CARGO_BIN_EXE_shop")).address("LISTEN").ready_at_probe("/readyz").grace("2s")
///     };
///     drill_program(shop).parallel(4).run().assert_holds();
/// }
/// ```
#[doc(alias("chaos", "fault injection"))]
pub fn drill_program<R: Into<DrillRun>>(make: impl Fn() -> R + Send + Sync + 'static) -> ProgramDrill {
    ProgramDrill { make: Box::new(move || make().into()), parallel: 2, chosen: Box::new(|_| true) }
}

/// The settings of a drill of a program: see [`drill_program`].
#[must_use = "a drill does nothing until `run`"]
pub struct ProgramDrill {
    make: Box<dyn Fn() -> DrillRun + Send + Sync>,
    parallel: usize,
    chosen: Box<dyn Fn(&Case) -> bool + Send + Sync>,
}

/// One run of a program in a drill: the program, its load, and what has to hold after its stop.
///
/// A [`Program`] alone is a run without a load.
///
/// # Examples
///
/// ```no_run
/// use lifecycle::testing::{DrillRun, Load, Program, drill_program};
///
/// # fn temporary_folder() -> std::path::PathBuf { std::path::PathBuf::new() }
/// let shop = || {
///     let folder = temporary_folder();
///     let program = Program::new("shop").arg(&folder).address("LISTEN").ready_at_probe("/readyz");
///     DrillRun::of(program.grace("2s"))
///         .load(|service| Load::on(service.socket_address()).path("/orders").start())
///         .check("the journal is closed", move |stopped| match stopped.status.code() {
///             Some(0) if !folder.join("journal.closed").exists() => Err("its last line is missing".to_owned()),
///             _ => Ok(()),
///         })
/// };
/// drill_program(shop).run().assert_holds();
/// ```
#[must_use = "a run is for `drill_program`"]
pub struct DrillRun {
    pub(super) program: Program,
    pub(super) load: Option<Box<MakeLoad>>,
    pub(super) checks: Vec<(String, Box<Check>)>,
    pub(super) kept: Vec<Box<dyn Send>>,
}

pub(super) type MakeLoad = dyn FnOnce(&Service) -> Load + Send;
pub(super) type Check = dyn FnOnce(&Stopped) -> Result<(), String> + Send;

impl From<Program> for DrillRun {
    fn from(program: Program) -> DrillRun {
        DrillRun::of(program)
    }
}

impl DrillRun {
    /// Creates a run of this program, without a load.
    pub fn of(program: Program) -> DrillRun {
        DrillRun { program, load: None, checks: Vec::new(), kept: Vec::new() }
    }

    /// Starts a load when the service is ready. The stop begins after the first answer.
    ///
    /// A request that is lost breaks the run, except for one that the kernel refused, and except in a run with a second
    /// signal, which cuts requests off.
    pub fn load(mut self, load: impl FnOnce(&Service) -> Load + Send + 'static) -> DrillRun {
        self.load = Some(Box::new(load));
        self
    }

    /// Keeps a value until the run is over, such as a temporary folder.
    pub fn keep(mut self, value: impl Send + 'static) -> DrillRun {
        self.kept.push(Box::new(value));
        self
    }

    /// Adds a check after the stop, which says what is wrong.
    ///
    /// A check compares what clients were told with what the service has stored, such as the ids of acknowledged orders.
    pub fn check(
        mut self,
        name: &str,
        check: impl FnOnce(&Stopped) -> Result<(), String> + Send + 'static,
    ) -> DrillRun {
        self.checks.push((name.to_owned(), Box::new(check)));
        self
    }
}

impl ProgramDrill {
    /// Configures how many processes run at a time. Defaults to 2. Most of the time of a drill is waiting.
    ///
    /// # Panics
    ///
    /// If the number is 0.
    #[track_caller]
    pub fn parallel(mut self, processes: usize) -> ProgramDrill {
        assert!(processes > 0, "a drill needs at least one process at a time");
        self.parallel = processes;
        self
    }

    /// Runs only the cases for which `chosen` returns `true`, and the one without a fault.
    ///
    /// ```no_run
    /// # fn test(drill: lifecycle::testing::ProgramDrill) {
    /// drill.only(|case| case.to_string() == "hang at `orders-db`").run().assert_holds();
    /// # }
    /// ```
    pub fn only(mut self, chosen: impl Fn(&Case) -> bool + Send + Sync + 'static) -> ProgramDrill {
        self.chosen = Box::new(chosen);
        self
    }

    /// Runs the drill.
    ///
    /// # Panics
    ///
    /// If the run without a fault shows no plan: the program does not start, writes no report, or was built without the
    /// feature `testing` of `shutdown-core`.
    #[track_caller]
    pub fn run(self) -> Matrix {
        let clean = child::run(&*self.make, &Case::Clean);
        let clean = clean.unwrap_or_else(|why| panic!("the drill cannot learn the plan: {why}"));
        let cases = cases_of(&clean).unwrap_or_else(|why| panic!("the drill cannot learn the plan: {why}"));
        let cases: Vec<Case> = cases.into_iter().filter(|case| (self.chosen)(case)).collect();
        let results: Vec<Mutex<Option<Result<Run, String>>>> =
            cases.iter().map(|_| Mutex::default()).collect();
        let waiting = Mutex::new(cases.iter().zip(&results));
        std::thread::scope(|scope| {
            for _ in 0..self.parallel.min(cases.len()) {
                scope.spawn(|| {
                    while let Some((case, result)) = next(&waiting) {
                        *lock(result) = Some(child::run(&*self.make, case));
                    }
                });
            }
        });
        let (mut runs, mut skipped) = (vec![clean], Vec::new());
        for (case, result) in cases.into_iter().zip(results) {
            match result.into_inner().ok().flatten() {
                Some(Ok(run)) if no_thread_was_left(&run) => {
                    let why = "it blocks the only thread of the runtime, so that nothing else can run (R6)";
                    skipped.push((case, why.to_owned()));
                }
                Some(Ok(run)) => runs.push(run),
                Some(Err(why)) => {
                    let mut run = Run::new(case, None, Duration::ZERO, Duration::ZERO, None);
                    run.checked("the program starts and stops", Err(why));
                    runs.push(run);
                }
                None => {}
            }
        }
        Matrix::new(runs, skipped)
    }
}

/// Returns whether the blocked thread was the only one of the runtime.
fn no_thread_was_left(run: &Run) -> bool {
    let is_block = matches!(run.case, Case::Fault { fault: Fault::Block, .. });
    is_block && run.status == Some(124) && run.rows().iter().any(|row| row.outcome == "not run")
}

/// Takes the next one. The lock is free when this function returns.
fn next<I: Iterator>(waiting: &Mutex<I>) -> Option<I::Item> {
    lock(waiting).next()
}

/// Returns the cases that the run without a fault asks for.
fn cases_of(clean: &Run) -> Result<Vec<Case>, String> {
    let Some(report) = &clean.report else {
        let status = clean.status.map_or_else(|| "a signal".to_owned(), |status| format!("status {status}"));
        let broken = clean.broken.iter().flat_map(|(claim, why)| ["; ", claim, ": ", why]);
        let broken: String = broken.collect();
        return Err(format!(
            "the program writes no report, and ends by {status}{broken}. It does not use `lifecycle`, or something ends it \
             before the report"
        ));
    };
    if !report.remarks.iter().any(|remark| remark.starts_with(VARIABLE)) {
        return Err(format!(
            "the program does not read `{VARIABLE}`, because it was built without the feature `testing` of `shutdown-core`; \
             add `shutdown-core = {{ version = \"..\", features = [\"testing\"] }}` to the dev-dependencies of its package"
        ));
    }
    let names = clean.names();
    let faults = names.iter().flat_map(|name| Fault::ALL.into_iter().map(|fault| Case::fault(fault, name)));
    // A job has no lame duck, and a stop has no flush without an instance for it.
    let entered = |stage: &Stage| report.stages.contains(&stage.to_string());
    let stages = [Stage::Drain, Stage::Cleanup, Stage::Flush].into_iter().filter(entered);
    let stages = std::iter::once(Stage::LameDuck).chain(stages);
    Ok(faults.chain(stages.map(|stage| Case::SecondSignal { stage })).collect())
}

impl fmt::Debug for ProgramDrill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramDrill").field("parallel", &self.parallel).finish_non_exhaustive()
    }
}

impl fmt::Debug for DrillRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrillRun").field("program", &self.program).finish_non_exhaustive()
    }
}
