//! The system calls with which a process ends, and one that asks for another process.
//!
//! | call | Unix | Windows |
//! |---|---|---|
//! | `exit_now` | `_exit` | `TerminateProcess`, so that no DLL can hang in its last call |
//! | `exit_at_deadline` | writes one line without a lock and without an allocation, then `_exit` | the reporter writes the line within 5 ms |
//! | `at_exit` | `atexit` | `atexit`, which `std::process::exit` does not call |
//! | `is_running` | `kill` with the signal 0 | `OpenProcess` and `GetExitCodeProcess` |
//! | `end_main` | nothing, so that `main` returns | `_cexit`, then `TerminateProcess` |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{at_exit, end_main, exit_at_deadline, exit_now, is_running};
#[cfg(windows)]
pub(super) use windows::{at_exit, end_main, exit_at_deadline, exit_now, is_running};

/// The exit status of a process that the watchdog ended.
const STATUS_DEADLINE: i32 = 124;
/// The text that the watchdog writes.
const LAST_LINE: &[u8] =
    b"lifecycle: the deadline has passed before the process was gone: it ends now, with exit status 124\n";
