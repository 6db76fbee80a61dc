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
mod notifier;
mod reporter;
mod settings;
mod signal;
mod supervisor;
mod watchdog;

use std::process::ExitCode;
use std::sync::{Arc, mpsc};

pub(crate) use notifier::Notifier;
pub(crate) use reporter::Reporter;
pub use signal::names as signals;
pub(crate) use signal::{die, terminate};
pub(crate) use watchdog::Watchdog;

use crate::context;
use crate::declared;
use crate::lifecycle::{Clock, Lifecycle};
use crate::plan;
use crate::private::{Flavor, MainEnd, MainOptions};
use crate::report::MainEnding;
use crate::voice::{self, Voice};
use exit::Exit;
use settings::Settings;

/// A command that is told something wrong answers with this status (`EX_CONFIG` of `sysexits.h`).
const EX_CONFIG: u8 = 78;
/// How many log events may wait for a slow subscriber.
const LOG_QUEUE: usize = 256;

/// What the engine of a whole process has at hand.
pub(crate) struct Process {
    pub(crate) watchdog: Watchdog,
    pub(crate) notifier: Notifier,
}

/// What `#[lifecycle::main]` expands to: the process, from its first instruction to its exit.
pub fn main<F: Future<Output = MainEnd>>(
    options: &'static MainOptions,
    body: impl FnOnce() -> F,
) -> ExitCode {
    start(options, body).unwrap_or_else(|refusal| {
        eprintln!("lifecycle: {refusal}");
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
        print!("{}", plan::render(&declared, format));
        return Ok(ExitCode::SUCCESS);
    }
    declared::check(options.module, settings.config.grace)?;

    let reporter = Reporter::start().map_err(cannot("start a thread"))?;
    let (log, lines) = mpsc::sync_channel(LOG_QUEUE);
    thread("lc-logger", move || {
        for line in lines {
            voice::log(&line);
        }
    })?;
    let voice = Voice::Threads {
        log,
        print: reporter.clone(),
    };
    let process = Process {
        watchdog: Watchdog::start().map_err(cannot("start a thread"))?,
        notifier: Notifier::start().map_err(cannot("start a thread"))?,
    };
    let lifecycle = Lifecycle::new(settings.config, Clock::System, voice, Some(process));
    context::set_main(&lifecycle);

    let mut builder = match options.flavor {
        Flavor::MultiThread => tokio::runtime::Builder::new_multi_thread(),
        Flavor::CurrentThread => tokio::runtime::Builder::new_current_thread(),
    };
    if let Some(workers) = options.worker_threads {
        builder.worker_threads(workers);
    }
    let runtime = builder
        .enable_all()
        .build()
        .map_err(cannot("start the runtime"))?;
    lifecycle.set_runtime(runtime.handle().clone());

    let exit = Arc::new(Exit::new(lifecycle.clone(), reporter, options.report));
    let (owner, poke) = (Arc::clone(&exit), matches!(options.flavor, Flavor::MultiThread));
    thread("lc-supervisor", move || supervisor::run(&owner, poke))?;
    let owner = lifecycle.clone();
    thread("lc-signal", move || signals.run(&owner))?;

    let ending = async {
        match body().await {
            MainEnd::Ok => MainEnding::Ok,
            MainEnd::Err(error) => MainEnding::Failed(error),
            MainEnd::Code(code) => exit.ending_by(code),
        }
    };
    runtime.block_on(lifecycle.main(ending));
    Ok(exit.leave(runtime))
}

/// A thread of ours. The name is at most 15 characters, as the kernel has it.
fn thread(name: &'static str, run: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map(drop).map_err(cannot("start a thread"))
}

fn cannot(what: &'static str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("cannot {what}: {error}")
}
