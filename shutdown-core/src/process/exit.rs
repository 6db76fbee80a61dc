//! The exit: which thread ends the process, and with which status (R9, R20, R21).
//!
//! ```text
//!           runtime left     stdout flushed      report written     `exit` is called
//!  Leaving ────────────▶ Flushing ────────▶ Reporting ────────▶ Returned ────────▶ Exiting: the process is gone
//!     └─────────────────────┴──────────▶ TakenOver: the supervisor reports, and leaves by `_exit`
//! ```
//!
//! The main thread leaves by returning from `Process::run`, and then from `main`. The supervisor watches it, and takes
//! over if anything was cut off or if the main thread needs too long for a step. The supervisor does the same steps
//! without the runtime, on threads that may hang, and leaves by `_exit`. If the supervisor hangs too, the watchdog ends
//! the process.
//!
//! `main` has no code after `Process::run` if it has the attribute, so that it skips `Returned`. A plain `main` may have
//! some. That code has time until the deadline, and an exit handler of the C library marks its end.
//!
//! The first exit handler, which the C library calls last, finds out whether somebody else called `process::exit`.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::options::ReportFormat;
use super::reporter::Reporter;
use super::runtime::{self, Left};
use super::system::{at_exit, end_main, exit_now};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainEnd;
use crate::report::{MainOutcome, Report};
use crate::sync::thread::Helper;
use crate::sync::{lock, wait, wait_timeout_while};

/// The longest wait for a step that may hang: the last log events, the observers, a flush of stdout, a write of the report.
const STEP_LIMIT: Duration = Duration::from_millis(100);
/// The longest wait for the workers of the runtime. Usually 100 ms are enough. On a machine with heavy disk writes, a
/// thread that only closed a file took longer.
const RUNTIME_LIMIT: Duration = Duration::from_millis(750);
/// The longest wait for the main thread to leave the runtime. A loaded machine is slow, and slow is not stuck.
const MAIN_THREAD_LIMIT: Duration = Duration::from_secs(1);

/// The longest wait for the exit handlers of the C library, and for the destructors of the main thread.
const EXIT_HANDLERS_LIMIT: Duration = Duration::from_secs(1);

const STDOUT_FAULT: &str = "stdout was not flushed: its pipe is full, or a thread holds its lock";
const MAIN_THREAD_FAULT: &str = "the main thread did not leave the runtime";
const WORKER_FAULT: &str = "a worker of the runtime did not end";
const BLOCKING_NOTE: &str = "a blocking call that nobody tracks did not end within 50 ms, and was left: a read of stdin, a \
    DNS lookup, or a `spawn_blocking` of tokio";

/// The exit of this process, for the exit handlers.
static THIS_PROCESS: OnceLock<Arc<Exit>> = OnceLock::new();

pub(super) struct Exit {
    lifecycle: Lifecycle,
    reporter: Reporter,
    logger: Helper,
    format: ReportFormat,
    /// Whether `main` has code after `Process::run`, as far as anybody knows.
    returns_to_user: bool,
    /// Notes of the start, for the report.
    notes: Vec<String>,
    /// The observers that have not received every fact.
    unheard: OnceLock<Vec<String>>,
    /// The exit code that `main` returned, if it was not success.
    code: Mutex<Option<u8>>,
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// How far the exit has come. See the head of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Leaving,
    Flushing,
    /// The report is being written, and the process exits with this status.
    Reporting(u8),
    /// `Process::run` has returned.
    Returned(u8),
    /// The C library runs the exit handlers, or is about to.
    Exiting(u8),
    TakenOver,
}

impl Exit {
    pub(super) fn new(
        lifecycle: Lifecycle,
        reporter: Reporter,
        logger: Helper,
        format: ReportFormat,
        returns_to_user: bool,
        notes: Vec<String>,
    ) -> Arc<Exit> {
        Arc::new(Exit {
            lifecycle,
            reporter,
            logger,
            format,
            returns_to_user,
            notes,
            unheard: OnceLock::new(),
            code: Mutex::new(None),
            progress: Mutex::new(Progress::Leaving),
            changed: Condvar::new(),
        })
    }

    /// Watches out for calls of `process::exit`.
    pub(super) fn watch_exits(self: &Arc<Exit>) {
        if THIS_PROCESS.set(Arc::clone(self)).is_ok() {
            at_exit(report_early_exit);
        }
    }

    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Returns how `main` ended, and keeps its exit code for `leave`.
    pub(super) fn outcome_of(&self, end: MainEnd) -> MainOutcome {
        match end {
            MainEnd::Ok | MainEnd::Code(ExitCode::SUCCESS) => MainOutcome::Ok,
            MainEnd::Err(error) => MainOutcome::Failed { error },
            MainEnd::Code(code) => {
                *lock(&self.code) = Some(number_of(code));
                MainOutcome::Failed { error: "`main` returned an exit code other than success".to_owned() }
            }
        }
    }

    /// Runs the steps of the exit on the main thread. A step may hang, because the supervisor watches.
    pub(super) fn leave(self: &Arc<Exit>, runtime: Runtime) -> ExitCode {
        let left = runtime::shut_down(runtime, RUNTIME_LIMIT.min(self.left() / 3));
        // The subscriber receives every event before `main` drops the guard of a log. It may hang.
        self.logger.run_and_wait(STEP_LIMIT.min(self.left() / 3), || {});
        self.unheard();
        // The warnings of the start stand before the report. The pipe may be full.
        self.reporter.wait_until_printed(STEP_LIMIT.min(self.left() / 3));
        self.advance(Progress::Flushing);
        // An error means that the reader of stdout is gone, which is not a fault of this program.
        let _ = std::io::stdout().flush();
        let (status, text) = match left {
            Left::Nothing => self.report(None, None),
            Left::BlockingCall => self.report(None, Some(BLOCKING_NOTE)),
            Left::Worker => self.report(Some(WORKER_FAULT), None),
        };
        self.advance(Progress::Reporting(status));
        self.reporter.write(&text);
        if left == Left::Worker {
            exit_now(i32::from(status));
        }
        if self.returns_to_user {
            self.advance(Progress::Returned(status));
            at_exit(mark_begin_of_exit);
        } else {
            self.advance(Progress::Exiting(status));
            end_main(status);
        }
        ExitCode::from(status)
    }

    /// Watches the main thread, on the supervisor. Takes over at once if anything was cut off, and else if a step takes
    /// too long.
    pub(super) fn watch(self: &Arc<Exit>) {
        let mut fault = None;
        let mut progress = self.progress();
        if self.lifecycle.sealed().is_none_or(|report| !report.cut_off()) {
            progress = self.wait_while(progress, Progress::Leaving, MAIN_THREAD_LIMIT.min(self.left() / 2));
            fault = Some(MAIN_THREAD_FAULT);
        }
        if *progress == Progress::Flushing {
            progress = self.wait_while(progress, Progress::Flushing, STEP_LIMIT.min(self.left() / 3));
            fault = Some(STDOUT_FAULT);
        }
        if let reporting @ Progress::Reporting(status) = *progress {
            progress = self.wait_while(progress, reporting, STEP_LIMIT.min(self.left() / 2));
            if *progress == reporting {
                exit_now(i32::from(status));
            }
        }
        while matches!(*progress, Progress::Returned(_)) {
            progress = wait(&self.changed, progress);
        }
        if let exiting @ Progress::Exiting(status) = *progress {
            drop(self.wait_while(progress, exiting, EXIT_HANDLERS_LIMIT.min(self.left() / 2)));
            self.leave_without_exit_handlers(status);
        }
        *progress = Progress::TakenOver;
        drop(progress);
        self.leave_it_to_the_watchdog_after_the_deadline();
        if fault != Some(STDOUT_FAULT) && !flush_stdout(self.left() / 3) {
            fault = Some(STDOUT_FAULT);
        }
        let (status, text) = self.report(fault, None);
        self.reporter.print_within(text, STEP_LIMIT.min(self.left() / 2));
        exit_now(i32::from(status))
    }

    /// Leaves a process whose exit handlers hang.
    fn leave_without_exit_handlers(&self, status: u8) -> ! {
        let line = format!(
            "lifecycle: an exit handler (`atexit`) or a destructor did not end: the process leaves without it, with exit \
             status {status}\n"
        );
        self.reporter.print_within(line, STEP_LIMIT.min(self.left() / 2));
        exit_now(i32::from(status))
    }

    /// Waits until the observers have received every fact, and returns a sentence about each that has not (R34).
    fn unheard(&self) -> &[String] {
        self.unheard.get_or_init(|| self.lifecycle.settle_observers(STEP_LIMIT.min(self.left() / 4)))
    }

    /// Returns the exit status, and the text of the report.
    fn report(&self, fault: Option<&str>, note: Option<&str>) -> (u8, String) {
        let Some(mut report) = self.lifecycle.sealed().cloned() else {
            return (124, String::new());
        };
        report.faults.extend(fault.map(str::to_owned));
        report.notes.extend(self.notes.iter().cloned().chain(note.map(str::to_owned)));
        report.notes.extend_from_slice(self.unheard());
        let code = *lock(&self.code);
        let status = match report.exit_status() {
            1 => code.unwrap_or(1),
            status => status,
        };
        (status, self.format(&report, code.is_some()))
    }

    fn format(&self, report: &Report, main_has_a_code: bool) -> String {
        let format = if self.lifecycle.is_quiet(report) { ReportFormat::Off } else { self.format };
        match (format, &report.main) {
            (ReportFormat::Text, _) => report.to_string(),
            (ReportFormat::Json, _) => report.to_json(),
            // A plain `main` prints its error, but not its exit code.
            (ReportFormat::Off, Some(MainOutcome::Failed { error })) if !main_has_a_code => {
                format!("Error: {error}\n")
            }
            (ReportFormat::Off, _) => String::new(),
        }
    }

    /// Records the next step of the main thread. Never returns if the supervisor has taken over.
    fn advance(&self, next: Progress) {
        self.leave_it_to_the_watchdog_after_the_deadline();
        let mut progress = self.progress();
        if *progress == Progress::TakenOver {
            drop(progress);
            park_forever();
        }
        *progress = next;
        self.changed.notify_one();
    }

    /// Never returns after the deadline. A process that was stopped beyond it (SIGSTOP) would race its own watchdog.
    fn leave_it_to_the_watchdog_after_the_deadline(&self) {
        if self.left().is_zero() {
            park_forever();
        }
    }

    fn wait_while<'a>(
        &self,
        progress: MutexGuard<'a, Progress>,
        at: Progress,
        limit: Duration,
    ) -> MutexGuard<'a, Progress> {
        wait_timeout_while(&self.changed, progress, limit, |progress| *progress == at)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }

    /// Returns the time until the deadline of the watchdog.
    fn left(&self) -> Duration {
        self.lifecycle.remaining().unwrap_or(STEP_LIMIT)
    }
}

fn park_forever() -> ! {
    loop {
        std::thread::park();
    }
}

/// Returns the number of an exit code, which std does not tell.
fn number_of(code: ExitCode) -> u8 {
    (0..=u8::MAX).find(|number| ExitCode::from(*number) == code).unwrap_or(1)
}

/// Marks the begin of the exit, after the code that follows `Process::run` in `main`.
extern "C" fn mark_begin_of_exit() {
    if let Some(exit) = THIS_PROCESS.get() {
        let mut progress = exit.progress();
        if let Progress::Returned(status) = *progress {
            *progress = Progress::Exiting(status);
            exit.changed.notify_one();
        }
    }
}

/// Says what a call of `process::exit` has skipped. A return from `main` is such a call, too, but comes after the report.
extern "C" fn report_early_exit() {
    let Some(exit) = THIS_PROCESS.get() else { return };
    let is_early = matches!(*exit.progress(), Progress::Leaving | Progress::Flushing);
    if !is_early || exit.lifecycle.is_unused() {
        return;
    }
    let skipped = match exit.lifecycle.not_torn_down() {
        0 if exit.lifecycle.sealed().is_some() => "the report was not written".to_owned(),
        0 => "the stop was skipped, with no instance to tear down".to_owned(),
        1 => "1 instance was not torn down".to_owned(),
        count => format!("{count} instances were not torn down"),
    };
    let line = format!("lifecycle: process::exit was called: {skipped}\n");
    exit.reporter.print_within(line, STEP_LIMIT);
}

/// Flushes stdout on a new thread, because user code may hold the lock of stdout, and its pipe may be full. Returns true
/// if the flush has ended.
fn flush_stdout(limit: Duration) -> bool {
    let Ok(helper) = Helper::start("lc-flush") else {
        return false;
    };
    // On a loaded machine a new thread may have to wait longer for a processor than a flush may take.
    let runs = helper.run_and_wait(limit, || {});
    runs && helper.run_and_wait(limit.min(STEP_LIMIT), || drop(std::io::stdout().flush()))
}
