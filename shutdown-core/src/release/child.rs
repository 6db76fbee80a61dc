//! A child process is asked to end, as the service itself was.

#![expect(unsafe_code, reason = "one system call, which neither std nor tokio has a function for")]

use std::io;
use std::process::ExitStatus;

use libc::c_int;

/// A child that has ended is not asked to, and may be waited for again. `ended` is what it says of itself now: it must
/// not have been waited for before, or its number may be another process's by now.
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
