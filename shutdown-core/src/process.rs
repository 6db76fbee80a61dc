//! A lifecycle that is the whole process: signals, threads of our own, and the way out.
//!
//! | thread | does | may hang in |
//! |---|---|---|
//! | `lc-signal` | reads signals, steps the sequence | nothing |
//! | `lc-supervisor` | keeps the sequence's time, pokes the runtime, takes over the exit | nothing |
//! | `lc-watchdog` | sleeps until the deadline, then leaves the process | nothing |
//! | `lc-notifier` | wakes those who wait for a notice | a foreign `Waker` |
//! | `lc-reporter` | writes to stderr through a descriptor of its own | a full pipe |
//! | `lc-logger` | hands log events to `tracing` | a subscriber |
//!
//! What may hang is never waited for longer than 100 ms. User code runs on none of the first three.

mod exit;
mod options;
mod output;
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
use reporter::Reporter;
use settings::Settings;
use thread::Helper;
use watchdog::Watchdog;

/// A command that is told something wrong answers with this status (`EX_CONFIG` of `sysexits.h`).
const EX_CONFIG: u8 = 78;

/// How many log events may wait for a slow subscriber; what does not fit is dropped, since no state travels that way.
const LOG_QUEUE: usize = 256;

/// The process, as its lifecycle sees it.
struct Process {
    watchdog: Watchdog,
    /// Wakes those who wait for a notice: a waker may be foreign code, and there may be a million of them.
    notifier: Helper,
    /// Hands log events to `tracing`: a subscriber is user code, and may hang.
    logger: Helper,
    reporter: Reporter,
}

impl Host for Process {
    fn arm(&self, deadline: Instant) {
        self.watchdog.arm(deadline);
    }

    fn fire(&self, notice: &Notice) {
        let notice = notice.clone();
        self.notifier.give(move || {
            notice.fire();
        });
    }

    fn log(&self, line: Line) {
        self.logger.give_unless_behind(LOG_QUEUE, move || log::log(&line));
    }

    fn print(&self, text: String) {
        self.reporter.print(text);
    }

    fn die(&self, signal: i32) {
        signal::die(signal);
    }
}

/// What `#[lifecycle::main]` expands to: the process, from its first instruction to its exit.
pub fn main<F: Future<Output = MainEnd>>(
    options: &'static MainOptions,
    body: impl FnOnce() -> F,
) -> ExitCode {
    start(options, body).unwrap_or_else(|refusal| {
        // Not `eprintln`, which panics where nobody reads it.
        let _ = writeln!(io::stderr(), "lifecycle: {refusal}");
        ExitCode::from(EX_CONFIG)
    })
}

/// Starts everything, runs `main`, and leaves; `Err` is what keeps it from starting.
fn start<F: Future<Output = MainEnd>>(
    options: &'static MainOptions,
    body: impl FnOnce() -> F,
) -> Result<ExitCode, String> {
    // First of all, so that no signal finds the default action in place (R13).
    let signals = signal::install(options.signals).map_err(cannot("install signal handlers"))?;
    let settings = Settings::read(options)?;
    let declared = declared::plan();
    if let Some(format) = settings.plan {
        let plan = plan::render(&declared, &declared::generic(), format);
        // A reader may have seen enough of it.
        let _ = io::stdout().write_all(plan.as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    declared::check(options.module, settings.config.grace)?;

    let no_thread = cannot("start a thread");
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
    let runtime = builder.enable_all().build().map_err(cannot("start the runtime"))?;
    lifecycle.set_runtime(runtime.handle().clone());

    let exit = Arc::new(Exit::new(lifecycle.clone(), reporter, options.report));
    let (owner, poke) = (Arc::clone(&exit), matches!(options.flavor, Flavor::MultiThread));
    thread::start("lc-supervisor", move || supervisor::run(&owner, poke)).map_err(&no_thread)?;
    let owner = lifecycle.clone();
    thread::start("lc-signal", move || signals.run(&owner)).map_err(&no_thread)?;

    let ending = async {
        match body().await {
            MainEnd::Ok => MainOutcome::Ok,
            MainEnd::Err(error) => MainOutcome::Failed(error),
            MainEnd::Code(code) => exit.ending_by(code),
        }
    };
    runtime.block_on(lifecycle.main(ending));
    Ok(exit.leave(runtime))
}

fn cannot(what: &'static str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("cannot {what}: {error}")
}
