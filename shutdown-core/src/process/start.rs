//! The start of a process: from its first instruction until `main` runs, and then to its exit.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::exit::Exit;
use super::host::{ProcessHost, Warnings};
#[cfg(all(unix, feature = "systemd"))]
use super::keep_alive;
use super::options::Options;
use super::refusal::Refusal;
use super::reporter::Reporter;
use super::settings::Settings;
use super::watchdog::Watchdog;
use super::{observers, plan, runtime, signal, supervisor};
use crate::engine::clock::Clock;
use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainOutput;
use crate::observe::observers::Declared;
use crate::report::FactKind;
use crate::resource::declared;
use crate::signals;
use crate::sync::thread::{self, Helper};

/// The exit status of a process with an invalid plan or configuration: `EX_CONFIG` of `sysexits.h` (R20).
const EX_CONFIG: u8 = 78;

/// A process runs once.
static STARTED: OnceLock<()> = OnceLock::new();

/// Runs the process, or says why it cannot start.
pub(super) fn run<F: Future<Output: MainOutput>>(options: Options, main: F) -> ExitCode {
    start(options, main).unwrap_or_else(|refusal| {
        // Not `eprintln`, which panics if stderr is closed.
        let _ = writeln!(io::stderr(), "lifecycle: {refusal}");
        ExitCode::from(EX_CONFIG)
    })
}

/// Starts the threads and the runtime, runs `main`, and leaves. Returns an error if the process cannot start.
fn start<F: Future<Output: MainOutput>>(options: Options, main: F) -> Result<ExitCode, Refusal> {
    if Handle::try_current().is_ok() {
        return Err(Refusal::InsideARuntime);
    }
    if STARTED.set(()).is_err() {
        return Err(Refusal::RunsAlready);
    }
    // First, so that no signal meets the default action (R13).
    let chosen = options.signals.as_deref().map(numbers).transpose()?;
    let signals = signal::install(chosen.as_deref()).map_err(Refusal::cannot("install signal handlers"))?;
    let mut settings = Settings::read(&options)?;
    let mut builder = runtime::builder(options.runtime)?;
    let declared = declared::plan();
    // The first part of the path is the crate whose time-outs are checked (R12). The type of a future begins with it, too.
    let module = options.declared_in.or(options.closure).unwrap_or_else(std::any::type_name::<F>);
    if let Some(format) = settings.plan {
        let plan = plan::printed(declared, format, settings, module);
        // An error means that the reader has closed the pipe.
        let _ = io::stdout().write_all(plan.as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    let config = settings.config;
    declared::check(module, config.fits_into).map_err(Refusal::Plan)?;
    settings.warnings.extend(plan::drain_without_time(&config, &declared));
    // A warning of the start alone: the report of this run tells of this run.
    let last_run = settings.report_file.as_deref().and_then(observers::end_of_the_last_run);
    let warnings = settings.warnings.iter().cloned().chain(signals.warning()).chain(last_run);
    #[cfg(feature = "testing")]
    let warnings = warnings.chain(settings.drill.as_ref().map(ToString::to_string));
    let warnings = warnings.collect();
    let warnings = Warnings::new(warnings, config.fits_into, config.grace);
    if let Err(why) = declared::check(module, config.grace) {
        warnings.add_scaled(&why);
    }

    let no_thread = Refusal::cannot("start a thread");
    let reporter = Reporter::start().map_err(&no_thread)?;
    let logger = Helper::start("lc-logger").map_err(&no_thread)?;
    let host = ProcessHost {
        watchdog: Watchdog::start(reporter.clone()).map_err(&no_thread)?,
        notifier: Helper::start("lc-notifier").map_err(&no_thread)?,
        logger: logger.clone(),
        log: Arc::default(),
        reporter: reporter.clone(),
        warnings,
        no_reloads: signals.no_reloads(),
    };
    let mut declared = Declared::default();
    observers::add(&mut declared, &settings, &reporter);
    #[cfg(all(unix, feature = "systemd"))]
    let systemd = observers::add_systemd(&mut declared, &reporter);
    #[cfg(feature = "metrics")]
    let metrics = observers::add_metrics(&mut declared);
    #[cfg(feature = "testing")]
    let hold = settings.drill.as_ref().and_then(|drill| drill.observe(&mut declared));
    declared.append(options.observers);
    let lifecycle = Lifecycle::new(config, Clock::System, host, declared.into_observers());
    #[cfg(feature = "metrics")]
    {
        let lifecycle = lifecycle.clone();
        metrics.count_with(move || lifecycle.in_flight().counts());
    }
    context::set_main(&lifecycle);
    #[cfg(feature = "testing")]
    if let Some(drill) = settings.drill.take() {
        drill.begin(&lifecycle, hold.as_deref());
    }

    let runtime = builder.build().map_err(Refusal::cannot("start the runtime"))?;
    lifecycle.set_runtime(runtime.handle().clone());

    let has_attribute = options.declared_in.is_some();
    let exit =
        Exit::new(lifecycle.clone(), reporter, logger, options.report, !has_attribute, settings.warnings);
    exit.watch_exits();
    let wakes_runtime = runtime.handle().runtime_flavor() != RuntimeFlavor::CurrentThread;
    let owner = exit.clone();
    thread::start("lc-supervisor", move || supervisor::run(&owner, wakes_runtime)).map_err(&no_thread)?;
    let owner = lifecycle.clone();
    thread::start("lc-signal", move || signals.run(&owner)).map_err(&no_thread)?;

    #[cfg(all(unix, feature = "systemd"))]
    if let Some(systemd) = systemd {
        keep_alive::start(systemd, runtime.handle().clone()).map_err(&no_thread)?;
    }

    lifecycle.tell(FactKind::Started);
    let provided = options.provided.0;
    let main = async {
        for provide in provided {
            provide(&lifecycle);
        }
        main.await
    };
    let outcome = async { exit.outcome_of(main.await.into_end()) };
    // A panic is in the report, and its payload may hold something that has to be given back.
    runtime.block_on(lifecycle.main(outcome, drop));
    Ok(exit.leave(runtime))
}

/// Returns the numbers of the named signals.
fn numbers(names: &[String]) -> Result<Vec<std::ffi::c_int>, Refusal> {
    if names.is_empty() {
        return Err(Refusal::NoSignal);
    }
    let mut numbers = Vec::new();
    for name in names {
        let number = signals::number(name)?;
        // A signal with two handlers would count twice.
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}
