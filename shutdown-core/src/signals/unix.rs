//! The signals of a Unix.

use std::ffi::c_int;

use super::Signal;

macro_rules! table {
    ($($name:ident, $by_default:literal;)+) => {
        /// Every signal that `main(signals(..))` may name.
        pub const TABLE: &[Signal] =
            &[$(Signal { name: stringify!($name), number: libc::$name, by_default: $by_default }),+];

        /// The names that a program may give, with their numbers.
        pub(super) const NAMES: &[(&str, c_int)] = &[$((stringify!($name), libc::$name)),+];
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
