//! The signal dispositions of a child process.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Gives the child the default action for each signal that can stop a service.
///
/// A background job of a script ignores SIGINT and SIGQUIT, and `nohup` ignores SIGHUP. A child inherits that, and
/// `lifecycle` keeps an ignored signal ignored (R13). The tests have to work in these places too.
pub(crate) fn reset(command: &mut Command) {
    let reset = || {
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
            // SAFETY: the arguments are a valid signal and a constant, and `signal` is async-signal-safe.
            if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
                return Err(std::io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: between `fork` and `exec` the closure calls only `signal`, and does not allocate.
    unsafe { command.pre_exec(reset) };
}
