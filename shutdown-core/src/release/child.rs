//! A child process is asked to end, as the service itself was.
//!
//! Windows has no signal for one process: a console event reaches every process of the console. There the child sees the
//! end of its stdin, which the wait for the child closes, and nothing else.

#![cfg_attr(
    unix,
    expect(unsafe_code, reason = "one system call, for which neither std nor tokio has a function")
)]

use std::io;
use std::process::ExitStatus;

/// What a bare `#[teardown]` does with a child, for the messages of the compiler.
#[cfg(unix)]
pub(super) const ENDS_A_CHILD: &str = "sends it SIGTERM and waits for it to end";
/// What a bare `#[teardown]` does with a child, for the messages of the compiler.
#[cfg(not(unix))]
pub(super) const ENDS_A_CHILD: &str = "closes its stdin and waits for it to end";

/// Asks a child to end that has not ended. `ended` is the child's own answer.
///
/// The caller asks the child just before. A child that was waited for earlier may have passed its number on to another
/// process.
pub(super) fn ask_to_end(ended: io::Result<Option<ExitStatus>>, id: Option<u32>) -> io::Result<()> {
    match (ended?, id) {
        (None, Some(id)) => terminate(id),
        _ => Ok(()),
    }
}

/// Sends SIGTERM.
#[cfg(unix)]
fn terminate(child: u32) -> io::Result<()> {
    let child = libc::c_int::try_from(child).map_err(io::Error::other)?;
    // SAFETY: `kill` takes integers.
    if unsafe { libc::kill(child, libc::SIGTERM) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Leaves the child alone. The caller's wait closes the child's stdin.
#[cfg(not(unix))]
fn terminate(_: u32) -> io::Result<()> {
    Ok(())
}
