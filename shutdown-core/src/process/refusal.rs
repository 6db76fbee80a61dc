//! Why a process does not start.

use std::error::Error;
use std::{fmt, io};

use super::settings::SettingError;

/// An error that ends the process before the body of `main` runs.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A setting of the environment cannot be used.
    Setting(SettingError),
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Setting(error) => error.fmt(f),
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
            Refusal::Plan(_) => None,
        }
    }
}
