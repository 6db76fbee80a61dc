//! The signals that may ask for a stop: one table, which the handlers, the report and generated code read.

use std::borrow::Cow;
use std::ffi::c_int;

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
        /// The numbers by name, for generated code.
        pub mod numbers {
            pub use libc::{$($name),+};
        }

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
