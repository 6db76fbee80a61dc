//! Types of the standard library: `File`, `BufWriter`, `LineWriter`, `TcpListener`, `UnixListener`, `JoinHandle`,
//! `Child`, `Sender`, `SyncSender`.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `fs::File` | an error of the last writes | calls `sync_all` |
//! | `io::BufWriter`, `io::LineWriter` | the bytes in the buffer | in a `Mutex`: flushes, and syncs a file |
//! | `net::TcpListener` | the port stays open, and late clients are reset | in a `Slot`: closes it |
//! | `net::UnixListener` | the socket file stays | Unix only: removes the socket file |
//! | `thread::JoinHandle` | the thread is cut off, and its panic is lost | in a `Slot`: waits for the thread |
//! | `process::Child` | the child outlives its parent | in a `Slot` or `Mutex`: sends SIGTERM and waits. On Windows: closes its stdin and waits |
//! | `mpsc::Sender`, `mpsc::SyncSender` | the receiver waits for ever | in a `Slot`: drops it |

use std::any::Any;
#[cfg(unix)]
use std::fs;
use std::fs::File;
use std::future::Future;
use std::io::{self, BufWriter, LineWriter, Write};
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::panic::resume_unwind;
#[cfg(unix)]
use std::path::Path;
use std::process::Child;
use std::sync::mpsc;
use std::thread;

use super::Release;
use super::child::{ENDS_A_CHILD, ask_to_end};
use super::known::known;
use super::owned::{ReleaseOwned, ReleaseSync, dropped, owned, text_of};

known! {
    [] File: "std::fs::File",
    lost: "an error of the last writes, which a drop cannot report",
    does: "calls `sync_all`, on a blocking thread",
    form: "File",
    locked: "std::sync::Mutex";

    [W: Write] BufWriter<W>: "std::io::BufWriter",
    lost: "the bytes that are still in the buffer, and an error of writing them",
    does: "flushes it (and syncs a file), on a blocking thread",
    form: "std::sync::Mutex<BufWriter<_>>";

    [W: Write] LineWriter<W>: "std::io::LineWriter",
    lost: "the line that is still in the buffer, and an error of writing it",
    does: "flushes it (and syncs a file), on a blocking thread",
    form: "std::sync::Mutex<LineWriter<_>>";

    [] TcpListener: "std::net::TcpListener",
    lost: "the port stays open until the exit, and a client that connects meanwhile is reset without an answer",
    does: "closes it",
    form: "lifecycle::Slot<TcpListener>";

    [T] thread::JoinHandle<T>: "std::thread::JoinHandle",
    lost: "the thread is cut off when the process exits, and a panic in it is lost",
    does: "waits for the thread to end",
    form: "lifecycle::Slot<JoinHandle<_>>";

    [] Child: "std::process::Child",
    lost: "the child outlives its parent, and nothing reads its exit status",
    does: ENDS_A_CHILD,
    form: "lifecycle::Slot<Child>";

    [T] mpsc::Sender<T>: "std::sync::mpsc::Sender",
    lost: "the end of the channel: the receiver waits for ever",
    does: "drops it, so that the receiver ends",
    form: "lifecycle::Slot<Sender<_>>";

    [T] mpsc::SyncSender<T>: "std::sync::mpsc::SyncSender",
    lost: "the end of the channel: the receiver waits for ever",
    does: "drops it, so that the receiver ends",
    form: "lifecycle::Slot<SyncSender<_>>";
}

#[cfg(unix)]
known! {
    [] UnixListener: "std::os::unix::net::UnixListener",
    lost: "the socket file stays, and the next start fails with `AddrInUse`",
    does: "removes the socket file",
    form: "UnixListener";
}

#[diagnostic::do_not_recommend]
impl Release for File {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        self.sync_all().map_err(text_of)
    }
}

#[cfg(unix)]
#[diagnostic::do_not_recommend]
impl Release for UnixListener {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        remove_socket(self.local_addr().map_err(text_of)?.as_pathname())
    }
}

/// Removes the file of a socket, so that the next start can bind it.
#[cfg(unix)]
pub(super) fn remove_socket(path: Option<&Path>) -> Result<(), String> {
    match path.map(fs::remove_file) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(text_of(error)),
        Some(_) | None => Ok(()),
    }
}

impl ReleaseSync for File {
    fn release_sync(&mut self) -> Result<(), String> {
        self.sync_all().map_err(text_of)
    }
}

impl<W: Write + Send + 'static> ReleaseSync for BufWriter<W> {
    fn release_sync(&mut self) -> Result<(), String> {
        self.flush().and_then(|()| sync(self.get_ref())).map_err(text_of)
    }
}

impl<W: Write + Send + 'static> ReleaseSync for LineWriter<W> {
    fn release_sync(&mut self) -> Result<(), String> {
        self.flush().and_then(|()| sync(self.get_ref())).map_err(text_of)
    }
}

/// Syncs the writer if it is a file: flushed bytes are not on the disk yet.
fn sync<W: 'static>(writer: &W) -> io::Result<()> {
    match (writer as &dyn Any).downcast_ref::<File>() {
        Some(file) => file.sync_all(),
        None => Ok(()),
    }
}

impl ReleaseSync for Child {
    fn release_sync(&mut self) -> Result<(), String> {
        let id = self.id();
        let asked = ask_to_end(self.try_wait(), Some(id));
        asked.and_then(|()| self.wait()).map(drop).map_err(text_of)
    }
}

owned! {
    sync:
    [] File;
    [W: Write + Send + 'static] BufWriter<W>;
    [W: Write + Send + 'static] LineWriter<W>;
    [] Child;
}

impl<T: Send + 'static> ReleaseOwned for thread::JoinHandle<T> {
    const BLOCKING: bool = true;

    async fn release_owned(self) -> Result<(), String> {
        match self.join() {
            Err(panic) => resume_unwind(panic),
            Ok(_) => Ok(()),
        }
    }
}

dropped! {
    false:
    [] TcpListener;
    [T: Send + 'static] mpsc::Sender<T>;
    [T: Send + 'static] mpsc::SyncSender<T>;
}
