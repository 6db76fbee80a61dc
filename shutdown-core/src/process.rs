//! A lifecycle that is the whole process: its signals, its threads and its exit.
//!
//! | thread | what it does | what it may hang in |
//! |---|---|---|
//! | `lc-signal` | reads signals and steps the sequence | nothing |
//! | `lc-supervisor` | keeps the time of the sequence, wakes the runtime, takes over the exit | nothing |
//! | `lc-watchdog` | sleeps until the deadline, then ends the process | nothing |
//! | `lc-notifier` | wakes the tasks that wait for a notice | a foreign `Waker` |
//! | `lc-reporter` | writes to stderr through its own descriptor | a full pipe |
//! | `lc-logger` | passes log events to `tracing` | a subscriber |
//! | `lc-flush` | flushes stdout if the supervisor takes over the exit | the lock of stdout, a full pipe |
//!
//! Nothing waits longer than 100 ms for a thread that may hang. User code never runs on the first three.

mod exit;
mod options;
mod output;
mod refusal;
mod reporter;
mod settings;
mod signal;
mod supervisor;
mod thread;
mod watchdog;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

pub use options::{Flavor, MainEnd, MainOptions, ReportFormat};
pub use output::{MainReturn, ProbeMain};

use crate::engine::clock::Clock;
use crate::engine::context;
use crate::engine::host::Host;
use crate::engine::lifecycle::Lifecycle;
use crate::observe::log::{self, Line};
use crate::plan;
use crate::report::MainOutcome;
use crate::resource::declared;
use crate::sync::notice::Notice;
use exit::Exit;
use refusal::Refusal;
use reporter::Reporter;
use settings::Settings;
use thread::Helper;
use watchdog::Watchdog;

/// The exit status of a process with an invalid plan or configuration: `EX_CONFIG` of `sysexits.h` (R20).
const EX_CONFIG: u8 = 78;

/// The number of log events that may wait for a slow subscriber. Further events are dropped, because the log carries no
/// state.
const MAX_WAITING_EVENTS: usize = 256;

/// The process, as the host of its lifecycle.
struct Process {
    watchdog: Watchdog,
    /// Fires notices. A waker may be foreign code, and a notice may have a million waiters.
    notifier: Helper,
    /// Passes log events to `tracing`. A subscriber is user code, and may hang.
    logger: Helper,
    reporter: Reporter,
}

impl Host for Process {
    fn arm(&self, deadline: Instant) {
        self.watchdog.arm(deadline);
    }

    fn fire(&self, notice: &Notice) {
        let notice = notice.clone();
        self.notifier.run(move || {
            notice.fire();
        });
    }

    fn log(&self, line: Line) {
        self.logger.run_if_queue_is_below(MAX_WAITING_EVENTS, move || log::log(&line));
    }

    fn print(&self, text: String) {
        self.reporter.print(text);
    }

    fn die(&self, signal: i32) {
        signal::die(signal);
    }
}

/// Runs the process, from its first instruction to its exit. `#[lifecycle::main]` expands to a call of this function.
pub fn main<F: Future<Output = MainEnd>>(
    options: &'static MainOptions,
    body: impl FnOnce() -> F,
) -> ExitCode {
    start(options, body).unwrap_or_else(|refusal| {
        // Not `eprintln`, which panics if stderr is closed.
        let _ = writeln!(io::stderr(), "lifecycle: {refusal}");
        ExitCode::from(EX_CONFIG)
    })
}

/// Starts the threads and the runtime, runs `main`, and leaves. Returns an error if the process cannot start.
fn start<F: Future<Output = MainEnd>>(
    options: &'static MainOptions,
    body: impl FnOnce() -> F,
) -> Result<ExitCode, Refusal> {
    // First, so that no signal meets the default action (R13).
    let signals = signal::install(options.signals).map_err(Refusal::cannot("install signal handlers"))?;
    let settings = Settings::read(options)?;
    let declared = declared::plan();
    if let Some(format) = settings.plan {
        let plan = plan::render(&declared, &declared::generic(), format);
        // An error means that the reader has closed the pipe.
        let _ = io::stdout().write_all(plan.as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    declared::check(options.module, settings.config.grace).map_err(Refusal::Plan)?;

    let no_thread = Refusal::cannot("start a thread");
    let reporter = Reporter::start().map_err(&no_thread)?;
    let process = Process {
        watchdog: Watchdog::start().map_err(&no_thread)?,
        notifier: Helper::start("lc-notifier").map_err(&no_thread)?,
        logger: Helper::start("lc-logger").map_err(&no_thread)?,
        reporter: reporter.clone(),
    };
    let lifecycle = Lifecycle::new(settings.config, Clock::System, process);
    context::set_main(&lifecycle);

    let mut builder = match options.flavor {
        Flavor::MultiThread => tokio::runtime::Builder::new_multi_thread(),
        Flavor::CurrentThread => tokio::runtime::Builder::new_current_thread(),
    };
    if let Some(workers) = options.worker_threads {
        builder.worker_threads(workers);
    }
    let runtime = builder.enable_all().build().map_err(Refusal::cannot("start the runtime"))?;
    lifecycle.set_runtime(runtime.handle().clone());

    let exit = Arc::new(Exit::new(lifecycle.clone(), reporter, options.report));
    let (owner, wakes_runtime) = (Arc::clone(&exit), matches!(options.flavor, Flavor::MultiThread));
    thread::start("lc-supervisor", move || supervisor::run(&owner, wakes_runtime)).map_err(&no_thread)?;
    let owner = lifecycle.clone();
    thread::start("lc-signal", move || signals.run(&owner)).map_err(&no_thread)?;

    let outcome = async {
        match body().await {
            MainEnd::Ok => MainOutcome::Ok,
            MainEnd::Err(error) => MainOutcome::Failed { error },
            MainEnd::Code(code) => exit.outcome_of(code),
        }
    };
    // A panic is in the report, and its payload may hold something that has to be given back.
    runtime.block_on(lifecycle.main(outcome, drop));
    Ok(exit.leave(runtime))
}
