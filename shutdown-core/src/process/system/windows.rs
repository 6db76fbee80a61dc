//! The system calls with which a process ends on Windows.
//!
//! # Safety
//!
//! Each function calls Windows or the C library with integers, a function pointer, and a pseudo-handle.
#![expect(unsafe_code, reason = "how a process ends itself is a system call")]

use std::ffi::c_int;
use std::time::Duration;

use windows_sys::Win32::Foundation::{CloseHandle, STILL_ACTIVE};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetExitCodeProcess, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, TerminateProcess,
};

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

/// Registers a function that the C library calls when `main` has returned, before the functions that were registered
/// earlier. `std::process::exit` does not call it.
pub(in crate::process) fn at_exit(call: extern "C" fn()) {
    // SAFETY: the function exists until the end of the process. An error means that the table of the C library is full:
    // then only a line on stderr is missing.
    unsafe { atexit(call) };
}

/// Calls the functions of `at_exit`, and ends the process. A return from `main` would also call into each DLL, after
/// Windows has ended all other threads, so that nobody could end a DLL that hangs (R9).
pub(in crate::process) fn end_main(status: u8) {
    // SAFETY: the function takes nothing. The C library calls each registered function once, so that a later call of
    // `exit` would find none.
    unsafe { _cexit() };
    exit_now(i32::from(status))
}

/// Returns whether a process of this ID runs.
pub(in crate::process) fn is_running(pid: u32) -> bool {
    let mut code = 0;
    // SAFETY: takes integers and a pointer to a local. A handle that was opened is closed.
    unsafe {
        let process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
        if process.is_null() {
            return false;
        }
        let is_known = GetExitCodeProcess(process, &raw mut code) != 0;
        CloseHandle(process);
        is_known && code == STILL_ACTIVE.cast_unsigned()
    }
}

unsafe extern "C" {
    fn atexit(call: extern "C" fn()) -> c_int;
    fn _cexit();
}
