//! Why a start has failed.

use std::borrow::Cow;
use std::fmt;

use crate::report::Reason;

/// The error of [`start`](crate::start()). The service is stopping already when it is returned, except for
/// [`Nested`](StartError::Nested).
///
/// `Debug` prints the same text as `Display`, because `main` prints its error by `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// A resource did not start.
    #[non_exhaustive]
    Failed {
        /// The name of the resource.
        name: Cow<'static, str>,
        /// A sentence that has the error, the attempts, and the resources that were waiting.
        error: String,
    },
    /// The stop began before everything had started.
    Stopping,
    /// The resources cannot start in any order, or a value is not provided. The exit status is 78.
    #[non_exhaustive]
    Invalid {
        /// What is wrong.
        error: String,
    },
    /// `start` was called inside of the start of a resource. Write the other resource as an argument instead.
    Nested,
}

impl StartError {
    /// Makes the error of a start that failed for this reason.
    pub(super) fn of(reason: &Reason) -> StartError {
        match reason {
            Reason::StartFailed { name, .. } => {
                StartError::Failed { name: name.clone(), error: reason.to_string() }
            }
            Reason::InvalidPlan { error } => StartError::Invalid { error: error.clone() },
            _ => StartError::Stopping,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Failed { error, .. } => f.write_str(error),
            StartError::Stopping => f.write_str("the stop began before everything had started"),
            StartError::Invalid { error } => write!(f, "invalid plan: {error}"),
            StartError::Nested => f.write_str(
                "`lifecycle::start` was called inside of the start of a resource: write the other resource as an argument of \
                 `start`",
            ),
        }
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}
