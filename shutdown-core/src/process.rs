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

#[cfg(feature = "testing")]
mod drill;
mod exit;
mod host;
#[cfg(all(unix, feature = "systemd"))]
mod keep_alive;
mod observers;
mod options;
mod output;
mod plan;
mod refusal;
mod reporter;
mod runtime;
mod settings;
mod signal;
mod start;
mod stderr;
mod supervisor;
mod system;
mod watchdog;

use std::borrow::Cow;
use std::panic::Location;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::{Builder, RuntimeFlavor};

pub use observers::last_stop;
pub use options::ReportFormat;
pub use output::{MainReturn, ProbeMain};

use crate::engine::output::MainOutput;
use crate::engine::start::{Given, StartArguments};
use crate::report::Fact;
use crate::resource::Resource;
use options::Options;

/// A process that stops gracefully, for a plain `fn main`.
///
/// `Process` gives a program all that [`#[lifecycle::main]`](macro@crate::main) gives, with values that are known at run
/// time: from the command line, from a file, or from a [`tokio::runtime::Builder`] of its own. The attribute is a short
/// form: it expands to calls of these methods.
///
/// With clap, `value_parser = humantime::parse_duration` reads `25s`, as `LIFECYCLE_GRACE` does.
///
/// ```
/// use std::process::ExitCode;
/// use std::time::Duration;
///
/// use lifecycle::Process;
///
/// struct Arguments {
///     grace_seconds: u64,
///     threads: usize,
/// }
///
/// async fn serve() -> std::io::Result<()> {
///     Ok(())
/// }
///
/// fn main() -> ExitCode {
///     // From clap, or from a file.
///     let arguments = Arguments { grace_seconds: 30, threads: 2 };
///     Process::new()
///         .grace(Duration::from_secs(arguments.grace_seconds))
///         .lame_duck(Duration::from_secs(5))
///         .worker_threads(arguments.threads)
///         .run(serve())
/// }
/// ```
///
/// # Options
///
/// | method | key of the attribute | default |
/// |---|---|---|
/// | [`grace`](Process::grace) | `grace` | 25 s |
/// | [`lame_duck`](Process::lame_duck) | `lame_duck` | 0 s |
/// | [`job`](Process::job) | `job` | a service |
/// | [`signals`](Process::signals) | `signals` | `SIGTERM`, `SIGINT`, `SIGHUP` |
/// | [`report`](Process::report) | `report` | [`ReportFormat::Text`] |
/// | [`observer`](Process::observer) | `observer` | none |
/// | [`flavor`](Process::flavor) | `flavor` | multi-thread |
/// | [`worker_threads`](Process::worker_threads) | `worker_threads` | one for each CPU |
/// | [`max_blocking_threads`](Process::max_blocking_threads) | `max_blocking_threads` | tokio's default: 512 |
/// | [`thread_name`](Process::thread_name) | `thread_name` | tokio's default |
/// | [`provide`](Process::provide) | `provide` | nothing |
/// | [`runtime`](Process::runtime) | none | a builder with the options above |
///
/// Options are checked when [`run`](Process::run) is called. If an option is given twice, the last value counts. The
/// environment variables of [`#[lifecycle::main]`](macro@crate::main#environment) override the options.
///
/// # Threads and other runtimes
///
/// Every thread of the process is inside the lifecycle, also a thread of another runtime and a plain thread. So a library
/// that builds its own runtimes can call [`manage`](crate::manage), [`spawn`](crate::spawn),
/// [`draining`](crate::draining) and [`is_stopping`](crate::is_stopping). The
/// [recipe](crate::recipes#a-library-with-runtimes-of-its-own) shows one. Tasks of [`spawn`](crate::spawn) run on the
/// runtime of the process, also if another runtime spawns them.
///
/// # Code before and after
///
/// The signal handlers are installed by [`run`](Process::run). A signal that arrives earlier ends the program without a
/// stop, as in any program. Read the arguments there, and open nothing. Code that can fail, such as the set-up of a logger,
/// belongs in the future: its error is printed, and the status is 1.
///
/// Code after [`run`](Process::run) has time until the deadline. A guard that `main` holds, such as the guard of an error
/// tracker, is dropped there, but not if a thread hangs until the deadline. Keep the guard of the logs in a resource with
/// `last`.
#[derive(Debug, Default)]
#[must_use = "a process does nothing until `run`"]
#[doc(alias("graceful shutdown", "main", "without macro"))]
pub struct Process(Options);

impl Process {
    /// Returns a process with the defaults of every option.
    pub fn new() -> Process {
        Process::default()
    }

    /// Configures the total time from the first request to stop until the process is gone (grace period).
    ///
    /// Defaults to 25 s. The shortest grace is 10 ms, and the longest is 366 days. `LIFECYCLE_GRACE` overrides it.
    #[doc(alias("grace period", "terminationGracePeriodSeconds"))]
    pub fn grace(mut self, grace: Duration) -> Process {
        self.0.grace = Some(grace);
        self
    }

    /// Configures how long everything still works after the first request to stop, while the readiness probe fails.
    ///
    /// Defaults to 0 s. The lame duck is a part of grace, so it has to be shorter. The drain has the rest of the time, before
    /// the reserves of the cleanup, the flush and the report. A warning at the start says so if that is nothing.
    /// SIGINT skips it. `LIFECYCLE_LAME_DUCK` overrides it.
    pub fn lame_duck(mut self, lame_duck: Duration) -> Process {
        self.0.lame_duck = Some(lame_duck);
        self
    }

    /// Configures a batch job: ready from the start, and without a lame duck.
    pub fn job(mut self) -> Process {
        self.0.job = true;
        self
    }

    /// Configures the signals that ask for a stop, by name. Defaults to `SIGTERM`, `SIGINT` and `SIGHUP`.
    ///
    /// A signal that is ignored when the process starts stays ignored. A shell script ignores SIGINT in each command that it
    /// starts with `&`. Stop such a process with SIGTERM. A signal that is not named keeps its effect, which ends the program
    /// for most signals.
    ///
    /// `SIGHUP` stops a program that had a controlling terminal when it started, or that names it here. It requests a reload
    /// if the program takes [`reloads`](crate::reloads), and is ignored by other programs without a terminal.
    ///
    /// The known names are `SIGTERM`, `SIGINT`, `SIGHUP`, `SIGQUIT`, `SIGUSR1`, `SIGUSR2`, `SIGALRM`, `SIGCONT`, `SIGTSTP`
    /// and `SIGWINCH`.
    ///
    /// ```
    /// use lifecycle::Process;
    ///
    /// # fn main() -> std::process::ExitCode {
    /// Process::new().signals(["SIGTERM", "SIGUSR1"]).run(async {})
    /// # }
    /// ```
    pub fn signals<I>(mut self, names: I) -> Process
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.0.signals = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Configures the format of the report on stderr. Defaults to [`ReportFormat::Text`].
    pub fn report(mut self, format: ReportFormat) -> Process {
        self.0.report = format;
        self
    }

    /// Adds an observer: a function that receives each [`Fact`], the last of which is the report (R34).
    ///
    /// The function runs on a thread of its own, and cannot delay the stop: see [`Builder::observer`](crate::Builder::observer).
    /// Faults of the exit, such as a worker that hangs, come after the report. Several calls add several observers.
    pub fn observer(
        mut self,
        name: impl Into<Cow<'static, str>>,
        observe: impl Fn(&Fact) + Send + Sync + 'static,
    ) -> Process {
        self.0.observers.add(name.into(), observe);
        self
    }

    /// Configures the kind of tokio runtime. Defaults to [`RuntimeFlavor::MultiThread`].
    ///
    /// ```
    /// use lifecycle::Process;
    /// use tokio::runtime::RuntimeFlavor;
    ///
    /// # fn main() -> std::process::ExitCode {
    /// Process::new().flavor(RuntimeFlavor::CurrentThread).run(async {})
    /// # }
    /// ```
    pub fn flavor(mut self, flavor: RuntimeFlavor) -> Process {
        self.0.runtime.flavor = Some(flavor);
        self
    }

    /// Configures the number of worker threads of a multi-thread runtime, from 1 to 65535.
    ///
    /// Defaults to one for each CPU.
    pub fn worker_threads(mut self, workers: usize) -> Process {
        self.0.runtime.worker_threads = Some(workers);
        self
    }

    /// Configures the largest number of threads for blocking calls. Defaults to 512, as in tokio.
    pub fn max_blocking_threads(mut self, threads: usize) -> Process {
        self.0.runtime.max_blocking_threads = Some(threads);
        self
    }

    /// Configures the name of the threads of the runtime.
    pub fn thread_name(mut self, name: impl Into<String>) -> Process {
        self.0.runtime.thread_name = Some(name.into());
        self
    }

    /// Configures the runtime by a builder of tokio, instead of the four options above.
    ///
    /// [`run`](Process::run) enables the I/O and time drivers of the builder, because teardowns need them. All else stays
    /// as the builder says, also its hooks: `on_thread_start`, `on_thread_stop`, `on_thread_park` and `on_thread_unpark`.
    ///
    /// ```
    /// use std::process::ExitCode;
    ///
    /// use lifecycle::Process;
    /// use tokio::runtime::Builder;
    ///
    /// fn main() -> ExitCode {
    ///     let mut runtime = Builder::new_multi_thread();
    ///     runtime.worker_threads(2).thread_stack_size(4 << 20).on_thread_start(|| { /* pin to a core */ });
    ///     Process::new().runtime(runtime).run(async { /* the service */ })
    /// }
    /// ```
    pub fn runtime(mut self, builder: Builder) -> Process {
        self.0.runtime.builder = Some(builder);
        self
    }

    /// Provides a value in the place of a start: see [`provide`](crate::provide).
    ///
    /// The value is managed when the process runs, before anything starts. It is for a resource with
    /// `#[lifecycle::resource(provided)]`, such as settings that were read before.
    #[track_caller]
    pub fn provide<T: Resource>(mut self, value: T) -> Process {
        let location = Location::caller();
        self.0.provided.0.push(Box::new(move |lifecycle| drop(lifecycle.provide_at(value, location))));
        self
    }

    /// Names the module of `#[lifecycle::main]`.
    #[doc(hidden)]
    pub fn __declared_in(mut self, module: &'static str) -> Process {
        self.0.declared_in = Some(module);
        self
    }

    /// Runs the process: `main` is its main future. Returns the exit status when the stop is over.
    ///
    /// This method installs the signal handlers, builds the runtime, polls `main` on the calling thread, and runs the
    /// stop. The stop begins when `main` ends, at a signal, or when the program asks for it. The report is written before
    /// this method returns. If a thread hangs, the process ends inside of this method, at the deadline at the latest.
    ///
    /// The future need not be `Send`. It returns `()`, an [`ExitCode`], or a `Result` of these: see [`MainOutput`].
    ///
    /// | exit status | meaning |
    /// |---|---|
    /// | 0 | clean |
    /// | 1 | `main` returned an error, the start-up failed, or an essential task ended |
    /// | the code of `main` | `main` returned an [`ExitCode`] other than success, in place of 1 |
    /// | 70 | the stop finished in time, but something failed or was cut off |
    /// | 78 | the options, the environment or the plan are invalid; `main` was not polled |
    /// | 101 | `main` panicked |
    /// | 124 | the deadline passed |
    ///
    /// An error of `main` is written to stderr, and not to `tracing`. A program whose log goes elsewhere logs the error itself.
    ///
    /// A program that returns before [`ready`](crate::ready) without having managed anything prints nothing, except the
    /// error of `main`. So `--version` may be handled inside of `main`.
    ///
    /// # Errors
    ///
    /// The status is 78, with one line on stderr, in these cases:
    ///
    /// - `grace` is below 10 ms or above 366 days, or `lame_duck` is not shorter than grace.
    /// - A lame duck is given as well as `job`.
    /// - A name in `signals` is unknown, or the list is empty.
    /// - `runtime` is given as well as one of the four options that it replaces.
    /// - `worker_threads` is out of range or meets a current-thread runtime, `max_blocking_threads` is 0, or `thread_name`
    ///   has a NUL character.
    /// - The method is called a second time, or inside of a tokio runtime.
    /// - An environment variable has a wrong value, or the plan has a cycle.
    /// - The declared time-outs do not fit into grace. See [`#[lifecycle::resource]`](macro@crate::resource#keys).
    #[must_use = "the exit status has to be returned from `main`"]
    pub fn run<F>(self, main: F) -> ExitCode
    where
        F: Future<Output: MainOutput>,
    {
        start::run(self.0, main)
    }

    /// Starts resources along the plan, and runs the process with their handles.
    ///
    /// The closure takes a [`Managed`](crate::Managed), or a tuple of at most four. Each resource starts with all that it needs,
    /// as [`start`](crate::start()) does it. If one does not start, the closure is not called.
    ///
    /// ```
    /// use std::process::ExitCode;
    ///
    /// use lifecycle::{Managed, Process, Start};
    ///
    /// #[lifecycle::resource(provided, no_teardown = "memory only")]
    /// struct Settings {
    ///     address: String,
    /// }
    ///
    /// #[lifecycle::resource(no_teardown = "memory only")]
    /// struct Orders;
    ///
    /// #[lifecycle::start]
    /// impl Start for Orders {
    ///     async fn start(settings: Managed<Settings>) -> Orders {
    ///         println!("connects to {}", settings.address);
    ///         Orders
    ///     }
    /// }
    ///
    /// fn main() -> ExitCode {
    ///     // From clap, or from a file.
    ///     let settings = Settings { address: "127.0.0.1:5432".to_owned() };
    ///     Process::new().provide(settings).run_with(async |orders: Managed<Orders>| {
    ///         let _: &Orders = &orders;
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The status is 1 if a resource does not start, and 78 if a value is not provided. Everything else is as in
    /// [`run`](Process::run).
    #[must_use = "the exit status has to be returned from `main`"]
    pub fn run_with<A, F, O>(mut self, main: F) -> ExitCode
    where
        A: StartArguments,
        F: AsyncFnOnce(A) -> O,
        O: MainOutput,
    {
        const HINT: &str = "call `Process::provide(..)` with a value of it";
        self.0.closure = Some(std::any::type_name::<F>());
        self.run(async move {
            match Given::start(&A::starting(), HINT).await {
                Ok(given) => main(A::take(&given)).await.into_end(),
                Err(error) => error,
            }
        })
    }
}
