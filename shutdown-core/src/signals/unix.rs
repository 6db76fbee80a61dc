//! The signals of a Unix.

use std::ffi::c_int;

use super::Signal;

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
