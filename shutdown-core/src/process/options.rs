//! What `#[lifecycle::main]` was told, and how the user's `main` ended, as generated code hands them over.

use std::process::ExitCode;
use std::time::Duration;

/// Which runtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavor {
    /// As many workers as `worker_threads` says, else one a core.
    MultiThread,
    /// Everything on the main thread.
    CurrentThread,
}

/// What is written at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportFormat {
    /// The waterfall.
    Text,
    /// One line.
    Json,
    /// Nothing but the error of `main`.
    Off,
}

/// The keys of the attribute; `None` is what was not given.
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
    /// Where `main` is, as `module_path!()` has it: its first part is the binary's own crate (R12).
    pub module: &'static str,
}

/// How the user's `main` ended.
#[derive(Debug)]
pub enum MainEnd {
    /// Without an error.
    Ok,
    /// With this error, as its `Debug` text.
    Err(String),
    /// With an exit code of its own.
    Code(ExitCode),
}
