//! The system calls with which a process ends on Windows.
//!
//! # Safety
//!
//! The one call takes a pseudo-handle and an integer.
#![expect(unsafe_code, reason = "how a process ends itself is a system call")]

use std::time::Duration;

use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

use super::{LAST_LINE, STATUS_DEADLINE};
use crate::process::reporter::Reporter;

/// The longest time that the write of the last line may take.
const LONGEST_WRITE: Duration = Duration::from_millis(5);

/// Ends the process at once, without a flush, a destructor and the last call of a DLL, so that nothing can hang.
pub(in crate::process) fn exit_now(status: i32) -> ! {
    // SAFETY: takes a pseudo-handle, which is always valid, and an integer.
    unsafe { TerminateProcess(GetCurrentProcess(), status.cast_unsigned()) };
    // Not reached: a process may always end itself.
    std::process::abort()
}

/// Writes one line to stderr, and ends the process (R9). A write to a full pipe cannot be interrupted here, so the
/// thread of the reporter writes the line.
pub(in crate::process) fn exit_at_deadline(reporter: &Reporter) -> ! {
    reporter.print_within(String::from_utf8_lossy(LAST_LINE).into_owned(), LONGEST_WRITE);
    exit_now(STATUS_DEADLINE)
}

/// Does nothing: `std::process::exit` ends the process without the functions that the C library has registered.
pub(in crate::process) fn at_exit(_: extern "C" fn()) {}
