//! The signals that a child starts with. They do not depend on the signals that its parent ignores or blocks.

use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The last of the standard signals of Linux. Real-time signals follow.
const LAST: i32 = 31;

/// Makes `command` start with the default action of every signal, and with no signal blocked.
///
/// A background job of a shell ignores SIGINT and SIGQUIT, `nohup` ignores SIGHUP, and a service manager may block
/// signals. Children inherit all of it. A fixture keeps ignored signals ignored (R13), so that it would not stop.
///
/// Later steps before the start (`pre_exec`) can ignore or block a signal again.
pub fn with_default_signals(command: &mut Command) -> &mut Command {
    let reset = || {
        for signal in 1..=LAST {
            // SAFETY: `signal` takes integers and is async-signal-safe. It refuses SIGKILL and SIGSTOP.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        let mut none = MaybeUninit::uninit();
        // SAFETY: `sigemptyset` fills in the local, and `sigprocmask` reads it. Both are async-signal-safe.
        unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        }
        Ok(())
    };
    // SAFETY: every call in `reset` is an async-signal-safe system call.
    unsafe { command.pre_exec(reset) }
}
