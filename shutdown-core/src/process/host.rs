//! The process, as the host of its lifecycle.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use humantime::format_duration;

use super::reporter::Reporter;
use super::signal;
use super::watchdog::Watchdog;
use crate::engine::host::Host;
use crate::observe::log::Log;
use crate::report::Fact;
use crate::sync::notice::Notice;
use crate::sync::thread::Helper;
use crate::sync::{Flag, lock};

/// The number of facts that may wait for a slow subscriber. Further ones are dropped, because the log carries no state.
const MAX_WAITING_FACTS: usize = 1_280;
/// The same for the facts of teardowns, of which there may be thousands. They leave room for the end of the stop.
const MAX_WAITING_TEARDOWN_FACTS: usize = 1_024;

pub(super) struct ProcessHost {
    pub(super) watchdog: Watchdog,
    /// Fires notices. A waker may be foreign code, and a notice may have a million waiters.
    pub(super) notifier: Helper,
    /// Passes log events to `tracing`. A subscriber is user code, and may hang.
    pub(super) logger: Helper,
    pub(super) log: Arc<Log>,
    pub(super) reporter: Reporter,
    pub(super) warnings: Warnings,
    /// Why a SIGHUP requests no reload, if it does not.
    pub(super) no_reloads: Option<&'static str>,
}

/// What the start has to say. It waits until the program is in use, so that `--version` prints nothing (R21).
#[derive(Default)]
pub(super) struct Warnings {
    waiting: Mutex<Vec<String>>,
    /// A line about scaled time-outs has been given. Later ones say the same.
    scaled: Flag,
    /// The grace of the program and the lower one of the environment.
    lowered: Option<(Duration, Duration)>,
}

impl Warnings {
    pub(super) fn new(waiting: Vec<String>, own_grace: Duration, grace: Duration) -> Warnings {
        Warnings {
            waiting: Mutex::new(waiting),
            lowered: (grace < own_grace).then_some((own_grace, grace)),
            ..Warnings::default()
        }
    }

    /// Adds a warning that the time-outs are scaled. `why` tells which ones.
    pub(super) fn add_scaled(&self, why: &str) {
        if let (Some((from, to)), true) = (self.lowered, self.scaled.set()) {
            lock(&self.waiting).push(scaled(from, to, why));
        }
    }
}

/// Returns the warning that the time-outs are scaled. `why` tells which ones.
pub(super) fn scaled(own_grace: Duration, grace: Duration, why: &str) -> String {
    format!(
        "LIFECYCLE_GRACE lowers grace from {} to {}, so time-outs are scaled to fit: {why}",
        format_duration(own_grace),
        format_duration(grace),
    )
}

impl Host for ProcessHost {
    fn arm(&self, deadline: Instant) {
        self.watchdog.arm(deadline);
    }

    fn fire(&self, notice: &Notice) {
        let notice = notice.clone();
        self.notifier.run(move || {
            notice.fire();
        });
    }

    fn in_use(&self) {
        let waiting = std::mem::take(&mut *lock(&self.warnings.waiting));
        for warning in waiting {
            self.reporter.print(format!("lifecycle: warning: {warning}\n"));
        }
    }

    fn scaled(&self, why: String) {
        self.warnings.add_scaled(&why);
        self.in_use();
    }

    fn log(&self, fact: Arc<Fact>) {
        let limit = if fact.kind.is_of_a_teardown() { MAX_WAITING_TEARDOWN_FACTS } else { MAX_WAITING_FACTS };
        let log = Arc::clone(&self.log);
        let _ = self.logger.run_if_queue_is_below(limit, move || log.tell(&fact));
    }

    fn logged(&self, notice: &Notice) {
        let notice = notice.clone();
        self.logger.run(move || {
            notice.fire();
        });
    }

    fn takes_reloads(&self) {
        if let Some(warning) = self.no_reloads {
            self.reporter.print(format!("lifecycle: warning: {warning}\n"));
        }
    }

    fn print(&self, text: String) {
        self.reporter.print(text);
    }

    fn die(&self, signal: i32) {
        signal::die(signal);
    }
}
