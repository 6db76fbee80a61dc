//! The data that generated code passes to the process: the keys of `#[lifecycle::main]`, and how `main` ended.

use std::process::ExitCode;
use std::time::Duration;

/// The kind of tokio runtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavor {
    /// A multi-thread runtime, with `worker_threads` workers or one for each core.
    MultiThread,
    /// A runtime on the main thread alone.
    CurrentThread,
}

/// The format of the report on stderr.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportFormat {
    /// The waterfall.
    Text,
    /// One line of JSON.
    Json,
    /// No report. Only an error of `main` is written.
    Off,
}

/// The keys of the attribute. A key that is not given is `None`.
#[derive(Debug)]
pub struct MainOptions {
    /// `grace = ".."`
    pub grace: Option<Duration>,
    /// `lame_duck = ".."`
    pub lame_duck: Option<Duration>,
    /// `flavor = ".."`
    pub flavor: Flavor,
    /// `worker_threads = N`
    pub worker_threads: Option<usize>,
    /// `job`
    pub job: bool,
    /// `signals(..)`
    pub signals: Option<&'static [i32]>,
    /// `report = ".."`
    pub report: ReportFormat,
    /// The `module_path!()` of `main`, whose first part is the crate of the binary (R12).
    pub module: &'static str,
}

/// How the user's `main` ended.
#[derive(Debug)]
pub enum MainEnd {
    /// `main` returned without an error.
    Ok,
    /// `main` returned this error, as its `Debug` text.
    Err(String),
    /// `main` returned an exit code.
    Code(ExitCode),
}
