//! The way out: who leaves the process, and with which status (R9, R20, R21).
//!
//! The main thread leaves if it can: it drops the runtime, flushes stdout, has the report written, and returns from
//! `main`. If anything was cut off, or the main thread does not come back in time, the supervisor does the same
//! without the runtime, and leaves by `_exit`. Whoever claims the exit first has it. If that one hangs after all, the
//! watchdog is still armed.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::Reporter;
use super::options::ReportFormat;
use super::signal::leave_now;
use super::thread::Helper;
use crate::lifecycle::Lifecycle;
use crate::report::{MainEnding, Report};

/// How long anything that may hang is waited for on the way out.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long the main thread may take to leave the runtime: a loaded machine is slow, and must not be told from one that
/// hangs too early.
const COMES_BACK: Duration = Duration::from_secs(1);

pub(super) struct Exit {
    lifecycle: Lifecycle,
    reporter: Reporter,
    format: ReportFormat,
    /// What `main` returned, where it was an exit code other than success.
    code: Mutex<Option<ExitCode>>,
    claimed: Mutex<bool>,
    claim: Condvar,
}

impl Exit {
    pub(super) fn new(lifecycle: Lifecycle, reporter: Reporter, format: ReportFormat) -> Exit {
        Exit {
            lifecycle,
            reporter,
            format,
            code: Mutex::new(None),
            claimed: Mutex::new(false),
            claim: Condvar::new(),
        }
    }

    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// How `main` ended, if it returned an exit code.
    pub(super) fn ending_by(&self, code: ExitCode) -> MainEnding {
        if code == ExitCode::SUCCESS {
            return MainEnding::Ok;
        }
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        MainEnding::Failed("it returned an exit code other than success".to_owned())
    }

    /// The main thread's way out.
    pub(super) fn leave(self: &Arc<Exit>, runtime: Runtime) -> ExitCode {
        let limit = PATIENCE.min(self.left() / 2);
        let begun = self.lifecycle.now();
        runtime.shutdown_timeout(limit);
        let stuck = self.lifecycle.now().saturating_duration_since(begun) >= limit;
        if !self.claim() {
            // The supervisor is on its way out already.
            loop {
                std::thread::park();
            }
        }
        let (status, flushed) = self.close_doors(stuck.then_some("a thread of the runtime did not end"));
        if stuck || !flushed {
            leave_now(i32::from(status));
        }
        match *self.code.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(code) if status == 1 => code,
            _ => ExitCode::from(status),
        }
    }

    /// The supervisor's: at once if anything was cut off, else if the main thread does not come back.
    pub(super) fn take_over_if_needed(self: &Arc<Exit>) {
        let mut fault = None;
        if self.lifecycle.sealed().is_none_or(|report| !report.cut_off()) {
            let patience = COMES_BACK.min(self.left() / 2);
            let claimed = self.claimed();
            let waited = self.claim.wait_timeout_while(claimed, patience, |claimed| !*claimed);
            drop(waited);
            fault = Some("the main thread did not come back");
        }
        if self.claim() {
            let (status, _) = self.close_doors(fault);
            leave_now(i32::from(status));
        }
    }

    /// Flushes stdout, then has the report written: the status, and whether stdout is flushed.
    fn close_doors(&self, fault: Option<&str>) -> (u8, bool) {
        let flushed = flush_stdout(self.left() / 3);
        let Some(mut report) = self.lifecycle.sealed().cloned() else {
            return (124, flushed);
        };
        let unflushed = "stdout is not flushed: nobody reads it, or somebody holds its lock";
        let faults = fault.into_iter().chain((!flushed).then_some(unflushed));
        report.faults.extend(faults.map(str::to_owned));
        let text = self.format(&report);
        if !text.is_empty() {
            self.reporter.print_within(text, PATIENCE.min(self.left() / 2));
        }
        (report.exit_status(), flushed)
    }

    fn format(&self, report: &Report) -> String {
        match (self.format, &report.main) {
            (ReportFormat::Text, _) => report.to_string(),
            (ReportFormat::Json, _) => report.to_json(),
            (ReportFormat::Off, Some(MainEnding::Failed(error))) => format!("Error: {error}\n"),
            (ReportFormat::Off, _) => String::new(),
        }
    }

    /// Whether the exit is now the caller's.
    fn claim(&self) -> bool {
        let first = !std::mem::replace(&mut *self.claimed(), true);
        self.claim.notify_one();
        first
    }

    fn claimed(&self) -> MutexGuard<'_, bool> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
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
