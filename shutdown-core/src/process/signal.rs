//! Signals: the handlers are installed before user code runs, and a thread of the framework reads the signals.
//!
//! | call | Unix | Windows |
//! |---|---|---|
//! | `install` | a handler for each signal | a handler for all console events |
//! | `die` | dies by the signal | exits with `STATUS_CONTROL_C_EXIT`, as a program without a handler does |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{die, install};
#[cfg(windows)]
pub(super) use windows::{die, install};
