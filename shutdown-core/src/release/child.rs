//! A child process is asked to end, as the service itself was, and killed when its time is over.
//!
//! ```text
//! running --SIGTERM--> asked --(its time is over)--> SIGKILL --> killed
//!    |                   |                                         |
//!    +---- has ended ----+---- has ended --------------------------+---> reaped
//! ```
//!
//! 1. No signal is sent after the child has been reaped: its number may then belong to another process. So the child is
//!    only looked at, and reaped at the end.
//! 2. A child that leads a process group is signalled with its group. The group keeps its number for as long as the child
//!    has not been reaped, also after the child has ended.

#[cfg(unix)]
mod kernel;

#[cfg(unix)]
mod ending;

use std::io;
use std::process::{Child, ExitStatus};

use super::owned::text_of;
use crate::resource::scope::unconfirmed;

/// What a bare `#[teardown]` does with a child, for the messages of the compiler.
#[cfg(unix)]
pub(super) const ENDS_A_CHILD: &str = "sends it SIGTERM, and SIGKILL when its time is over";
/// What a bare `#[teardown]` does with a child, for the messages of the compiler.
#[cfg(not(unix))]
pub(super) const ENDS_A_CHILD: &str = "kills it, and waits for its end";

/// Ends a child process, and waits for its end. It blocks.
#[cfg(unix)]
pub(super) fn end(child: &mut Child) -> Result<(), String> {
    if has_ended(child.id(), child.try_wait())? {
        return Ok(());
    }
    let mut ending = ending::Ending::ask(child.id())?;
    let ended = loop {
        match ending.look() {
            ending::Look::Again(pause) => std::thread::sleep(pause),
            ending::Look::Ended(ended) => break ended,
        }
    };
    match ended {
        Ok(()) => has_ended(child.id(), child.try_wait()).map(drop),
        failed => child.try_wait().map_err(text_of).and(failed),
    }
}

/// Ends a child process, and waits for its end.
#[cfg(all(unix, feature = "tokio-types", not(loom)))]
pub(super) async fn end_async(child: &mut tokio::process::Child) -> Result<(), String> {
    // Without a number the child has been reaped, and its status was read.
    let Some(id) = child.id() else { return Ok(()) };
    if has_ended(id, child.try_wait())? {
        return Ok(());
    }
    let mut ending = ending::Ending::ask(id)?;
    let ended = loop {
        match ending.look() {
            ending::Look::Again(pause) => tokio::time::sleep(pause).await,
            ending::Look::Ended(ended) => break ended,
        }
    };
    match ended {
        Ok(()) => has_ended(id, child.try_wait()).map(drop),
        failed => child.try_wait().map_err(text_of).and(failed),
    }
}

/// Reads the child's own answer, which reaps a child that has ended. A child that somebody else has reaped has ended.
fn has_ended(child: u32, waited: io::Result<Option<ExitStatus>>) -> Result<bool, String> {
    match waited {
        #[cfg(unix)]
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(true),
        waited => {
            let status = waited.map_err(text_of)?;
            if let Some(status) = status.filter(|status| !is_well(*status)) {
                unconfirmed(format!("the process {child} ended with {status}"));
            }
            Ok(status.is_some())
        }
    }
}

/// Whether a child that was asked to end has done no more than that. A shell ends with 128 and the number of the signal.
#[cfg(unix)]
fn is_well(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.success() || status.code() == Some(128 + libc::SIGTERM) || status.signal() == Some(libc::SIGTERM)
}

/// Whether a child has ended without an error of its own. It is killed with the status 1.
#[cfg(not(unix))]
fn is_well(status: ExitStatus) -> bool {
    matches!(status.code(), Some(0 | 1))
}

/// Kills a child process, and waits for its end. It blocks.
#[cfg(not(unix))]
pub(super) fn end(child: &mut Child) -> Result<(), String> {
    if has_ended(child.id(), child.try_wait())? {
        return Ok(());
    }
    child.kill().and_then(|()| child.wait()).map(drop).map_err(text_of)
}

/// Kills a child process, and waits for its end.
#[cfg(all(not(unix), feature = "tokio-types", not(loom)))]
pub(super) async fn end_async(child: &mut tokio::process::Child) -> Result<(), String> {
    let Some(id) = child.id() else { return Ok(()) };
    if has_ended(id, child.try_wait())? {
        return Ok(());
    }
    child.kill().await.map_err(text_of)
}
