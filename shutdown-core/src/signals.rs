//! The signals that may ask for a stop: one table, which the handlers, the report and generated code read.

use std::borrow::Cow;
use std::ffi::c_int;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::default;
#[cfg(unix)]
pub use unix::{TABLE, numbers};
#[cfg(windows)]
pub use windows::{TABLE, numbers};

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
