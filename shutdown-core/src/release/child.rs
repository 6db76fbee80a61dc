//! A child process is asked to end, as the service itself was.

#![expect(unsafe_code, reason = "one system call, for which neither std nor tokio has a function")]

use std::io;
use std::process::ExitStatus;

use libc::c_int;

/// Sends SIGTERM to a child that has not ended. `ended` is the child's own answer.
///
/// The caller asks the child just before. A child that was waited for earlier may have passed its number on to another
/// process.
pub(super) fn ask_to_end(ended: io::Result<Option<ExitStatus>>, id: Option<u32>) -> io::Result<()> {
    match (ended?, id) {
        (None, Some(id)) => terminate(id),
        _ => Ok(()),
    }
}

fn terminate(child: u32) -> io::Result<()> {
    let child = c_int::try_from(child).map_err(io::Error::other)?;
    // SAFETY: `kill` takes integers.
    if unsafe { libc::kill(child, libc::SIGTERM) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
