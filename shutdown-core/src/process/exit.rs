//! The way out: who leaves the process, and with which status (R9, R20, R21).
//!
//! ```text
//!             runtime left        stdout flushed        report written
//!  Leaving ──────────────▶ Flushing ───────────▶ Reporting ──────────▶ Gone: `main` returns
//!     └───────────────────────┴──────────▶ TakenOver: the supervisor reports, and leaves by `_exit`
//! ```
//!
//! The main thread leaves if it can. The supervisor watches it: if anything was cut off, or the main thread takes too
//! long with any step, it takes over, does the same without the runtime, on threads that may hang, and leaves by
//! `_exit`. If it hangs all the same, the watchdog is still armed.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::options::ReportFormat;
use super::reporter::Reporter;
use super::signal::leave_now;
use super::thread::Helper;
use crate::engine::lifecycle::Lifecycle;
use crate::report::{MainOutcome, Report};
use crate::sync::{lock, wait_timeout_while};

/// How long anything that may hang is waited for on the way out.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long the threads of the runtime may take to end: on a machine that writes hard to its disk, one that only closes
/// a file was seen to take longer than the 100 ms that are enough otherwise.
const ENDS: Duration = Duration::from_millis(750);
/// How long the main thread may take to leave the runtime: a loaded machine is slow, and must not be told from one that
/// hangs too early.
const COMES_BACK: Duration = Duration::from_secs(1);
/// What the report says where stdout cannot be flushed.
const UNFLUSHED: &str = "stdout is not flushed: nobody reads it, or somebody holds its lock";

pub(super) struct Exit {
    lifecycle: Lifecycle,
    reporter: Reporter,
    format: ReportFormat,
    /// What `main` returned, where it was an exit code other than success.
    code: Mutex<Option<ExitCode>>,
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// How far the way out has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Leaving,
    Flushing,
    /// With this status.
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

    /// How `main` ended, if it returned an exit code.
    pub(super) fn ending_by(&self, code: ExitCode) -> MainOutcome {
        if code == ExitCode::SUCCESS {
            return MainOutcome::Ok;
        }
        *lock(&self.code) = Some(code);
        MainOutcome::Failed("it returned an exit code other than success".to_owned())
    }

    /// The main thread's way out, watched by the supervisor, so that it needs no other thread to do what may hang.
    pub(super) fn leave(self: &Arc<Exit>, runtime: Runtime) -> ExitCode {
        let limit = ENDS.min(self.left() / 3);
        let begun = self.lifecycle.now();
        runtime.shutdown_timeout(limit);
        let stuck = self.lifecycle.now().saturating_duration_since(begun) >= limit;
        self.come_to(Progress::Flushing);
        // A reader that went away is no fault of ours.
        let _ = std::io::stdout().flush();
        let (status, text) = self.report(stuck.then_some("a thread of the runtime did not end"));
        self.come_to(Progress::Reporting(status));
        self.reporter.write(&text);
        self.come_to(Progress::Gone);
        if stuck {
            leave_now(i32::from(status));
        }
        match *lock(&self.code) {
            Some(code) if status == 1 => code,
            _ => ExitCode::from(status),
        }
    }

    /// The supervisor's: takes over at once if anything was cut off, else where the main thread does not get on.
    pub(super) fn watch(self: &Arc<Exit>) {
        let mut fault = None;
        let mut progress = self.progress();
        if self.lifecycle.sealed().is_none_or(|report| !report.cut_off()) {
            progress = self.wait_while(progress, Progress::Leaving, COMES_BACK.min(self.left() / 2));
            fault = Some("the main thread did not come back");
        }
        if *progress == Progress::Flushing {
            progress = self.wait_while(progress, Progress::Flushing, PATIENCE.min(self.left() / 3));
            fault = Some(UNFLUSHED);
        }
        if let reporting @ Progress::Reporting(status) = *progress {
            progress = self.wait_while(progress, reporting, PATIENCE.min(self.left() / 2));
            if *progress == reporting {
                leave_now(i32::from(status));
            }
        }
        if *progress == Progress::Gone {
            return;
        }
        *progress = Progress::TakenOver;
        drop(progress);
        if fault != Some(UNFLUSHED) && !flush_stdout(self.left() / 3) {
            fault = Some(UNFLUSHED);
        }
        let (status, text) = self.report(fault);
        self.reporter.print_within(text, PATIENCE.min(self.left() / 2));
        leave_now(i32::from(status))
    }

    /// The status, and what is written of it.
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
            (ReportFormat::Off, Some(MainOutcome::Failed(error))) => format!("Error: {error}\n"),
            (ReportFormat::Off, _) => String::new(),
        }
    }

    /// The main thread gets on, or is told that it need not.
    fn come_to(&self, next: Progress) {
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

    /// The time until the watchdog strikes.
    fn left(&self) -> Duration {
        self.lifecycle.remaining().unwrap_or(PATIENCE)
    }
}

/// Flushes stdout on a thread of its own: its lock may be held by user code, its pipe may be full.
fn flush_stdout(limit: Duration) -> bool {
    let Ok(helper) = Helper::start("lc-flush") else {
        return false;
    };
    // On a loaded machine a new thread may get no processor for longer than a flush that hangs is waited for.
    let runs = helper.give_and_wait(limit, || {});
    runs && helper.give_and_wait(limit.min(PATIENCE), || drop(std::io::stdout().flush()))
}
