//! The exit: which thread ends the process, and with which status (R9, R20, R21).
//!
//! ```text
//!             runtime left        stdout flushed        report written
//!  Leaving ──────────────▶ Flushing ───────────▶ Reporting ──────────▶ Gone: `main` returns
//!     └───────────────────────┴──────────▶ TakenOver: the supervisor reports, and leaves by `_exit`
//! ```
//!
//! The main thread leaves by returning from `main`. The supervisor watches it, and takes over if anything was cut off or
//! if the main thread needs too long for a step. The supervisor does the same steps without the runtime, on threads that
//! may hang, and leaves by `_exit`. If the supervisor hangs too, the watchdog ends the process.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::options::ReportFormat;
use super::reporter::Reporter;
use super::signal::exit_now;
use super::thread::Helper;
use crate::engine::lifecycle::Lifecycle;
use crate::report::{MainOutcome, Report};
use crate::sync::{lock, wait_timeout_while};

/// The longest wait for a step that may hang: a flush of stdout, a write of the report.
const STEP_LIMIT: Duration = Duration::from_millis(100);
/// The longest wait for the threads of the runtime. Usually 100 ms are enough. On a machine with heavy disk writes, a
/// thread that only closed a file took longer.
const RUNTIME_LIMIT: Duration = Duration::from_millis(750);
/// The longest wait for the main thread to leave the runtime. A loaded machine is slow, and slow is not stuck.
const MAIN_THREAD_LIMIT: Duration = Duration::from_secs(1);

const STDOUT_FAULT: &str = "stdout was not flushed: its pipe is full, or a thread holds its lock";
const MAIN_THREAD_FAULT: &str = "the main thread did not leave the runtime";
const RUNTIME_FAULT: &str = "a thread of the runtime did not end";

pub(super) struct Exit {
    lifecycle: Lifecycle,
    reporter: Reporter,
    format: ReportFormat,
    /// The exit code that `main` returned, if it was not success.
    code: Mutex<Option<ExitCode>>,
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
    Gone,
    TakenOver,
}

impl Exit {
    pub(super) fn new(lifecycle: Lifecycle, reporter: Reporter, format: ReportFormat) -> Exit {
        Exit {
            lifecycle,
            reporter,
            format,
            code: Mutex::new(None),
            progress: Mutex::new(Progress::Leaving),
            changed: Condvar::new(),
        }
    }

    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Returns how `main` ended if it returned this exit code, and keeps the code for `leave`.
    pub(super) fn outcome_of(&self, code: ExitCode) -> MainOutcome {
        if code == ExitCode::SUCCESS {
            return MainOutcome::Ok;
        }
        *lock(&self.code) = Some(code);
        MainOutcome::Failed { error: "`main` returned an exit code other than success".to_owned() }
    }

    /// Runs the steps of the exit on the main thread. A step may hang, because the supervisor watches.
    pub(super) fn leave(self: &Arc<Exit>, runtime: Runtime) -> ExitCode {
        let limit = RUNTIME_LIMIT.min(self.left() / 3);
        let begun = self.lifecycle.now();
        runtime.shutdown_timeout(limit);
        let stuck = self.lifecycle.now().saturating_duration_since(begun) >= limit;
        self.advance(Progress::Flushing);
        // An error means that the reader of stdout is gone, which is not a fault of this program.
        let _ = std::io::stdout().flush();
        let (status, text) = self.report(stuck.then_some(RUNTIME_FAULT));
        self.advance(Progress::Reporting(status));
        self.reporter.write(&text);
        self.advance(Progress::Gone);
        if stuck {
            exit_now(i32::from(status));
        }
        match *lock(&self.code) {
            Some(code) if status == 1 => code,
            _ => ExitCode::from(status),
        }
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
        if *progress == Progress::Gone {
            return;
        }
        *progress = Progress::TakenOver;
        drop(progress);
        if fault != Some(STDOUT_FAULT) && !flush_stdout(self.left() / 3) {
            fault = Some(STDOUT_FAULT);
        }
        let (status, text) = self.report(fault);
        self.reporter.print_within(text, STEP_LIMIT.min(self.left() / 2));
        exit_now(i32::from(status))
    }

    /// Returns the exit status, and the text of the report.
    fn report(&self, fault: Option<&str>) -> (u8, String) {
        let Some(mut report) = self.lifecycle.sealed().cloned() else {
            return (124, String::new());
        };
        report.faults.extend(fault.map(str::to_owned));
        (report.exit_status(), self.format(&report))
    }

    fn format(&self, report: &Report) -> String {
        match (self.format, &report.main) {
            (ReportFormat::Text, _) => report.to_string(),
            (ReportFormat::Json, _) => report.to_json(),
            (ReportFormat::Off, Some(MainOutcome::Failed { error })) => format!("Error: {error}\n"),
            (ReportFormat::Off, _) => String::new(),
        }
    }

    /// Records the next step of the main thread. Never returns if the supervisor has taken over.
    fn advance(&self, next: Progress) {
        let mut progress = self.progress();
        if *progress == Progress::TakenOver {
            drop(progress);
            loop {
                std::thread::park();
            }
        }
        *progress = next;
        self.changed.notify_one();
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
