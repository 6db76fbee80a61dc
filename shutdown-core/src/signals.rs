//! The signals that may ask for a stop: one table, which the handlers, the report and generated code read.

use std::borrow::Cow;
use std::ffi::c_int;
use std::fmt;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    /// The name, as `main(signals(..))` takes it and as the report gives it.
    pub name: &'static str,
    /// The number, which is not the same on every platform.
    pub number: c_int,
    /// Whether the signal stops a service that names no signals.
    pub by_default: bool,
}

macro_rules! table {
    ($($name:ident, $by_default:literal;)+) => {
        /// Every signal that `main(signals(..))` may name.
        pub const TABLE: &[Signal] =
            &[$(Signal { name: stringify!($name), number: libc::$name, by_default: $by_default }),+];
    };
}

table! {
    SIGTERM, true;
    SIGINT, true;
    SIGHUP, true;
    SIGQUIT, false;
    SIGUSR1, false;
    SIGUSR2, false;
    SIGALRM, false;
    SIGCONT, false;
    SIGTSTP, false;
    SIGWINCH, false;
}

/// Returns the signals that stop a service that names none.
pub(crate) fn default() -> Vec<c_int> {
    TABLE.iter().filter(|signal| signal.by_default).map(|signal| signal.number).collect()
}

/// Returns the number of a signal by its name.
pub(crate) fn number(name: &str) -> Result<c_int, UnknownSignal> {
    let known = TABLE.iter().find(|signal| signal.name == name);
    known.map(|signal| signal.number).ok_or_else(|| UnknownSignal(name.to_owned()))
}

/// An error: a name that is not in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownSignal(String);

impl fmt::Display for UnknownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = TABLE.iter().map(|signal| signal.name).collect();
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

    #[test]
    fn a_service_that_names_no_signals_stops_at_three() {
        assert_eq!(default(), [libc::SIGTERM, libc::SIGINT, libc::SIGHUP]);
    }
}
