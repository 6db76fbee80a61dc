//! The options of a process, as the program gives them: nothing is checked yet.

use std::fmt;
use std::time::Duration;

use tokio::runtime::{Builder, RuntimeFlavor};

use crate::engine::lifecycle::Lifecycle;
use crate::observe::observers::Declared;

/// The format of the report that a [`Process`](crate::Process) writes to stderr.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum ReportFormat {
    /// A waterfall for a person, with a bar for each stage and each instance.
    #[default]
    Text,
    /// One line of JSON, as [`Report::to_json`](crate::Report::to_json) returns it.
    Json,
    /// No report. Only an error of `main` is written.
    Off,
}

/// The options of one process. An option that is not given is `None`.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) grace: Option<Duration>,
    pub(super) lame_duck: Option<Duration>,
    pub(super) job: bool,
    pub(super) signals: Option<Vec<String>>,
    pub(super) report: ReportFormat,
    pub(super) observers: Declared,
    pub(super) runtime: RuntimeOptions,
    /// What the program provides before anything starts (R28).
    pub(super) provided: Provided,
    /// The type of the closure of `run_with`, whose path begins with its crate.
    pub(super) closure: Option<&'static str>,
    /// The `module_path!()` of the attribute on `main`. `None` if `main` has no attribute.
    pub(super) declared_in: Option<&'static str>,
}

/// Values, each as a function that provides it.
#[derive(Default)]
pub(super) struct Provided(pub(super) Vec<Provide>);

pub(super) type Provide = Box<dyn FnOnce(&Lifecycle)>;

impl fmt::Debug for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provided").field(&self.0.len()).finish()
    }
}

/// The options of the tokio runtime.
#[derive(Debug, Default)]
pub(super) struct RuntimeOptions {
    /// A builder of the program, which takes the place of the other options.
    pub(super) builder: Option<Builder>,
    pub(super) flavor: Option<RuntimeFlavor>,
    pub(super) worker_threads: Option<usize>,
    pub(super) max_blocking_threads: Option<usize>,
    pub(super) thread_name: Option<String>,
}
