//! The events of a Windows console, which take the place of signals.

use std::ffi::c_int;

use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};

use super::Signal;

const SIGINT: c_int = 2;
const SIGTERM: c_int = 15;

/// The names that a program may give, with their numbers on Linux. A console event stands for SIGINT or SIGTERM. The
/// other names choose nothing here, so that a program need not name its signals twice.
pub(super) const NAMES: &[(&str, c_int)] = &[
    ("SIGTERM", SIGTERM),
    ("SIGINT", SIGINT),
    ("SIGHUP", 1),
    ("SIGQUIT", 3),
    ("SIGUSR1", 10),
    ("SIGUSR2", 12),
    ("SIGALRM", 14),
    ("SIGCONT", 18),
    ("SIGTSTP", 20),
    ("SIGWINCH", 28),
];

macro_rules! table {
    ($($name:literal, $number:ident, $stands_for:ident;)+) => {
        /// Every console event. Each one stops a service that names no signals.
        pub const TABLE: &[Signal] = &[$(Signal {
            name: $name,
            // At most 6.
            number: $number.cast_signed(),
            by_default: true,
            stands_for: $stands_for,
        }),+];
    };
}

table! {
    "Ctrl-C", CTRL_C_EVENT, SIGINT;
    "Ctrl-Break", CTRL_BREAK_EVENT, SIGTERM;
    "the close of the console", CTRL_CLOSE_EVENT, SIGTERM;
    "the logoff of the user", CTRL_LOGOFF_EVENT, SIGTERM;
    "the shutdown of Windows", CTRL_SHUTDOWN_EVENT, SIGTERM;
}
