//! The events of a Windows console, which take the place of signals.

use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};

use super::Signal;

/// The numbers by name, for generated code. A console event stands for SIGINT or SIGTERM, and nothing for the others.
pub mod numbers {
    #![expect(missing_docs, reason = "the docs of these names are those of a Unix")]

    use std::ffi::c_int;

    pub const SIGHUP: c_int = 1;
    pub const SIGINT: c_int = 2;
    pub const SIGQUIT: c_int = 3;
    pub const SIGUSR1: c_int = 10;
    pub const SIGUSR2: c_int = 12;
    pub const SIGALRM: c_int = 14;
    pub const SIGTERM: c_int = 15;
    pub const SIGCONT: c_int = 18;
    pub const SIGTSTP: c_int = 20;
    pub const SIGWINCH: c_int = 28;
}

macro_rules! table {
    ($($name:literal, $number:ident, $stands_for:ident;)+) => {
        /// Every console event. Each one stops a service that names no signals.
        pub const TABLE: &[Signal] = &[$(Signal {
            name: $name,
            // At most 6.
            number: $number.cast_signed(),
            by_default: true,
            stands_for: numbers::$stands_for,
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
