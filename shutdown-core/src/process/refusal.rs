//! Why a process does not start.

use std::error::Error;
use std::{fmt, io};

use super::runtime::RuntimeError;
use super::settings::SettingError;
use crate::signals::UnknownSignal;

/// An error that ends the process before the body of `main` runs.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A setting of the environment cannot be used.
    Setting(SettingError),
    /// An option of the runtime cannot be used.
    Runtime(RuntimeError),
    /// A name in `signals` is not a signal that can ask for a stop.
    Signal(UnknownSignal),
    /// `signals` names no signal.
    NoSignal,
    /// The process has run already.
    RunsAlready,
    /// The calling thread belongs to a tokio runtime.
    InsideARuntime,
    /// The plan cannot be carried out (R5, R12).
    Plan(String),
    /// The system refused something that a stop needs.
    System { action: &'static str, error: io::Error },
}

impl Refusal {
    /// Returns a function for `map_err`.
    pub(super) fn cannot(action: &'static str) -> impl Fn(io::Error) -> Refusal {
        move |error| Refusal::System { action, error }
    }
}

impl From<SettingError> for Refusal {
    fn from(error: SettingError) -> Refusal {
        Refusal::Setting(error)
    }
}

impl From<RuntimeError> for Refusal {
    fn from(error: RuntimeError) -> Refusal {
        Refusal::Runtime(error)
    }
}

impl From<UnknownSignal> for Refusal {
    fn from(error: UnknownSignal) -> Refusal {
        Refusal::Signal(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Setting(error) => error.fmt(f),
            Refusal::Runtime(error) => error.fmt(f),
            Refusal::Signal(error) => error.fmt(f),
            Refusal::NoSignal => f.write_str(
                "`signals` names no signal, so nothing could stop the process: name at least one, such as `SIGTERM`",
            ),
            Refusal::RunsAlready => {
                f.write_str("`Process::run` is called a second time: one process has one lifecycle")
            }
            Refusal::InsideARuntime => f.write_str(
                "`Process::run` is called inside of a tokio runtime: call it from a plain `fn main`, without \
                 `#[tokio::main]`",
            ),
            Refusal::Plan(error) => f.write_str(error),
            Refusal::System { action, error } => write!(f, "cannot {action}: {error}"),
        }
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Refusal::Setting(error) => Some(error),
            Refusal::System { error, .. } => Some(error),
            Refusal::Runtime(error) => Some(error),
            Refusal::Signal(error) => Some(error),
            Refusal::NoSignal | Refusal::RunsAlready | Refusal::InsideARuntime | Refusal::Plan(_) => None,
        }
    }
}
