//! Signals: the handlers are installed before user code runs, and a thread of the framework reads the signals.
//!
//! | call | Unix | Windows |
//! |---|---|---|
//! | `install` | a handler for each signal | a handler for all console events |
//! | `die` | dies by the signal | exits with `STATUS_CONTROL_C_EXIT`, as a program without a handler does |
//! | `exit_now` | `_exit` | `TerminateProcess`, so that no DLL can hang in its last call |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{die, exit_now, install};
#[cfg(windows)]
pub(super) use windows::{die, exit_now, install};
