//! The observers that every process has: the report file, the termination log and systemd.

use std::path::{Path, PathBuf};
use std::process;
#[cfg(any(feature = "metrics", all(unix, feature = "systemd")))]
use std::sync::Arc;
use std::sync::OnceLock;

use super::reporter::Reporter;
use super::settings::Settings;
use super::system;
use crate::observe::last_stop::{self, LastStop};
#[cfg(feature = "metrics")]
use crate::observe::metrics::Metrics;
use crate::observe::observers::Declared;
use crate::observe::report_file::ReportFile;
#[cfg(all(unix, feature = "systemd"))]
use crate::observe::systemd::Systemd;
use crate::observe::termination_log;
use crate::report::FactKind;

static LAST_STOP: OnceLock<LastStop> = OnceLock::new();

/// Returns how the run before this one ended, as the report file tells (R35).
///
/// The file is the one in the environment variable `LIFECYCLE_REPORT`. It is read once, before `main` runs. If the last
/// run was killed, a warning at the start says so, and names the teardowns that were open.
///
/// Returns `None` without a report file, and if the file has no earlier run that is over. Runs that still go on, such as
/// the instance that this one replaces, do not count. Only the last 1 MiB of the file is read.
///
/// The program `lifecycle show` makes a page of the last stops in the file: `cargo install shutdown-core --features show`.
///
/// # Examples
///
/// ```
/// if let Some(last) = lifecycle::last_stop()
///     && last.status.is_none()
/// {
///     println!("the last run was killed; open: {:?}", last.open);
/// }
/// ```
#[doc(alias("crash", "SIGKILL", "OOM"))]
pub fn last_stop() -> Option<&'static LastStop> {
    LAST_STOP.get()
}

/// Reads the end of the last run. Returns a warning if that run was killed.
pub(super) fn end_of_the_last_run(path: &Path) -> Option<String> {
    let is_running = |pid| pid != process::id() && system::is_running(pid);
    // A file that cannot be read is told when it is written to.
    let last = last_stop::read(path, is_running).ok().flatten()?;
    let last = LAST_STOP.get_or_init(|| last);
    last.status.is_none().then(|| last.to_string())
}

/// Adds the observer that tells systemd, if the process was started by a service manager that listens.
#[cfg(all(unix, feature = "systemd"))]
pub(super) fn add_systemd(observers: &mut Declared, reporter: &Reporter) -> Option<Arc<Systemd>> {
    let connected = Systemd::connect().unwrap_or_else(|error| {
        reporter
            .print(format!("lifecycle: warning: cannot connect to the socket in NOTIFY_SOCKET: {error}\n"));
        None
    });
    let systemd = Arc::new(connected?);
    let told = Arc::clone(&systemd);
    observers.add("systemd".into(), move |fact| told.tell(fact));
    Some(systemd)
}

/// Adds the observer that sets the gauges. The caller tells it what is in flight.
#[cfg(feature = "metrics")]
pub(super) fn add_metrics(observers: &mut Declared) -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new(LAST_STOP.get().cloned()));
    let (told, ticking) = (Arc::clone(&metrics), Arc::clone(&metrics));
    observers.add_ticking("metrics".into(), move |fact| told.tell(fact), move || ticking.tick());
    metrics
}

/// Adds the observers that the settings ask for.
pub(super) fn add(observers: &mut Declared, settings: &Settings, reporter: &Reporter) {
    let warn =
        |reporter: &Reporter, warning: &str| reporter.print(format!("lifecycle: warning: {warning}\n"));
    if let Some(path) = settings.report_file.clone() {
        let (file, reporter) = (ReportFile::new(path), reporter.clone());
        observers.add("LIFECYCLE_REPORT".into(), move |fact| {
            if let Err(warning) = file.write(fact) {
                warn(&reporter, &warning);
            }
        });
    }
    let path =
        settings.termination_log.clone().unwrap_or_else(|| PathBuf::from(termination_log::DEFAULT_PATH));
    if path.is_file() {
        let reporter = reporter.clone();
        observers.add("the termination log".into(), move |fact| {
            if let FactKind::Sealed { report } = &fact.kind
                && let Err(error) = termination_log::write(&path, report)
            {
                warn(
                    &reporter,
                    &format!("the termination log `{}` cannot be written: {error}", path.display()),
                );
            }
        });
    }
}
