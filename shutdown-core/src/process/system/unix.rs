//! The system calls with which a process ends on a Unix.
//!
//! # Safety
//!
//! Each function calls `libc` with integers, function pointers, and pointers to locals. The one signal handler is
//! async-signal-safe, because it only calls `_exit`.
#![expect(unsafe_code, reason = "these are system calls; see the head of the file")]

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;

use libc::c_int;

use super::{LAST_LINE, STATUS_DEADLINE};
use crate::process::reporter::Reporter;

/// The longest time that the write of that text may take, in microseconds: 5 ms.
const LONGEST_WRITE_MICROS: libc::suseconds_t = 5_000;

/// Ends the process at once, without a flush and without a destructor, so that nothing can hang.
pub(in crate::process) fn exit_now(status: c_int) -> ! {
    // SAFETY: `_exit` takes an integer and does not return.
    unsafe { libc::_exit(status) }
}

/// Writes one line to `stderr`, and ends the process, without a lock and without an allocation (R9).
///
/// The write may block, because the pipe may be full. A timer ends the process then. No thread is needed for that, and
/// the file stays as it is: other processes may share it, so that it cannot be made non-blocking.
pub(in crate::process) fn exit_at_deadline(reporter: &Reporter) -> ! {
    extern "C" fn on_alarm(_: c_int) {
        exit_now(STATUS_DEADLINE);
    }

    if let Some(stderr) = reporter.stderr() {
        let action: extern "C" fn(c_int) = on_alarm;
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        let timer = libc::itimerval {
            it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
            it_value: libc::timeval { tv_sec: 0, tv_usec: LONGEST_WRITE_MICROS },
        };
        // SAFETY: `sigemptyset` fills in the local, the other calls take integers, a handler that is
        // async-signal-safe, and pointers to locals of the right size.
        unsafe {
            libc::signal(libc::SIGALRM, action as libc::sighandler_t);
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), libc::SIGALRM);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
            libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut());
            libc::write(stderr.as_raw_fd(), LAST_LINE.as_ptr().cast(), LAST_LINE.len());
        }
    }
    exit_now(STATUS_DEADLINE)
}

/// Registers a function that the C library calls when the process exits, before the functions that were registered
/// earlier. `_exit` and a signal do not call it.
pub(in crate::process) fn at_exit(call: extern "C" fn()) {
    // SAFETY: the function exists until the end of the process. An error means that the table of the C library is full:
    // then only a line on stderr is missing.
    unsafe { libc::atexit(call) };
}

/// Does nothing: a return from `main` calls nothing that the watchdog does not outlive.
pub(in crate::process) fn end_main(_: u8) {}

/// Returns whether a process of this ID runs.
pub(in crate::process) fn is_running(pid: u32) -> bool {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return false };
    // SAFETY: takes integers. The signal 0 is not sent.
    let result = unsafe { libc::kill(pid, 0) };
    result == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}
