//! The signals that may ask for a stop: one table, which the handlers, the report and generated code read.

use std::borrow::Cow;
use std::ffi::c_int;
use std::fmt;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::NAMES;
#[cfg(unix)]
pub use unix::TABLE;
#[cfg(unix)]
pub(crate) use unix::default;
#[cfg(windows)]
use windows::NAMES;
#[cfg(windows)]
pub use windows::TABLE;

/// One row of the table: a signal of a Unix, or an event of a Windows console.
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    /// The name in the report. On a Unix `main(signals(..))` takes it too.
    pub name: &'static str,
    /// The number, which is not the same on every platform.
    pub number: c_int,
    /// Whether the signal stops a service that names no signals.
    pub by_default: bool,
    /// The number of the Unix signal whose name in `main(signals(..))` chooses this event.
    #[cfg(windows)]
    pub stands_for: c_int,
}

/// Returns the number of a signal by its name, as [`Process::signals`](crate::Process::signals) takes it.
pub(crate) fn number(name: &str) -> Result<c_int, UnknownSignal> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, number)| *number).ok_or_else(|| UnknownSignal(name.to_owned()))
}

/// An error: a name that is not in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownSignal(String);

impl fmt::Display for UnknownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        write!(
            f,
            "`{}` is not a signal that can ask for a stop; the known ones are {}",
            self.0,
            known.join(", ")
        )
    }
}

impl std::error::Error for UnknownSignal {}

/// Returns the name of a signal, or `signal 63` for one that is not in the table.
pub(crate) fn name(number: c_int) -> Cow<'static, str> {
    let known = TABLE.iter().find(|signal| signal.number == number);
    known.map_or_else(|| format!("signal {number}").into(), |signal| signal.name.into())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_named_by_its_number() {
        for signal in TABLE {
            assert_eq!(name(signal.number), signal.name);
        }
        assert_eq!(name(63), "signal 63");
    }

    #[cfg(unix)]
    #[test]
    fn a_service_that_names_no_signals_stops_at_three() {
        assert_eq!(default(), [libc::SIGTERM, libc::SIGINT, libc::SIGHUP]);
    }
}
