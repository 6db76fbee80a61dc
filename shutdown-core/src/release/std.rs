//! Types of the standard library: `File`, `BufWriter`, `LineWriter`, `TcpListener`, `UnixListener`, `JoinHandle`,
//! `Child`, `Sender`, `SyncSender`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `fs::File` | an error of the last writes | calls `sync_all` | the disk |
//! | `io::BufWriter`, `io::LineWriter` | the bytes in the buffer | in a `Mutex`: flushes, and syncs a file | the disk, the peer's kernel (TCP), or the writer's `flush` |
//! | `net::TcpListener` | the port stays open, and late clients are reset | in a `Slot`: closes it | nothing is outstanding: a client in the queue is reset, and sees that |
//! | `net::UnixListener` | the socket file stays | Unix only: removes the socket file | the file system |
//! | `thread::JoinHandle` | the thread is cut off, and its panic is lost | in a `Slot`: waits for the thread | the thread, by its end and its `Result` |
//! | `process::Child` | the child outlives its parent | in a `Slot` or `Mutex`: SIGTERM, then SIGKILL; waits. On Windows: killed | the child, by its end and its exit status |
//! | `mpsc::Sender`, `mpsc::SyncSender` | the receiver waits for ever | in a `Slot`: drops it | nothing is outstanding here: the receiver's task confirms its messages |
//!
//! A `BufWriter` around a `TcpStream` waits after its flush until the peer's kernel has acknowledged the bytes, for at most
//! 1 s without progress. It is `unconfirmed` if the peer does not, or if the kernel cannot be asked (only Linux can). A pipe
//! and a Unix socket hold the bytes for the reader, also after the exit.
//!
//! A `JoinHandle` of a thread or of a task looks at the `Result` that it returns. An error fails the teardown if it is an
//! `io::Error`, a `String`, a `&str` or a `Box<dyn Error + Send + Sync>`. Another `Result` cannot be read here, and the
//! outcome is `unconfirmed`: let the task report its error, and return `()`.
//!
//! A `BufWriter` or `LineWriter` that writes into memory needs no release: `Vec<u8>`, `VecDeque<u8>`, `Cursor`, a slice,
//! `Sink`, `Empty`.
//!
//! # Child processes
//!
//! The teardown of a child sends SIGTERM, and SIGCONT in case the child is stopped. If the child leads a process group
//! (`CommandExt::process_group(0)`, `setsid`), the whole group receives the signals. A shell in `sh -c \"cmd; ..\"` does
//! not pass them on, so start it in a group of its own. A child that does not lead a group receives them alone: its own
//! children live on, as does a process that has left the group.
//!
//! The teardown fails if the child does not end in time. The child (or the group) then receives SIGKILL, at
//! `min(500 ms, 1/4)` before the end of the teardown's time, so that its end can still be waited for. A teardown outside
//! of a stop and without a `timeout` waits for as long as the child runs.
//!
//! - The outcome is `unconfirmed` if the child ends with an exit status other than 0 and 143 (128 + SIGTERM), or by a
//!   signal other than SIGTERM. The child knows what it has lost.
//! - A child that has ended before receives no signal, because its number may belong to another process by now.
//! - Only Linux shows whether a group still has members after its leader has ended. Elsewhere the teardown ends with the
//!   leader.
//! - On Windows there is no SIGTERM. There the child is killed at once.

#[cfg(unix)]
use std::fs;
use std::fs::File;
use std::future::Future;
#[cfg(unix)]
use std::io;
use std::io::{BufWriter, LineWriter, Write};
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
use super::child::{ENDS_A_CHILD, end};
use super::known::known;
use super::nested;
use super::output::read_output;
use super::owned::{ReleaseOwned, ReleaseSync, dropped, owned, text_of};
use super::sent::acknowledged;

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
impl<List: 'static> Release<List> for File {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        self.sync_all().map_err(text_of)
    }
}

#[cfg(unix)]
#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for UnixListener {
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
        self.flush().and_then(|()| nested::end(self.get_mut())).map_err(text_of)?;
        acknowledged(self.get_ref())
    }
}

impl<W: Write + Send + 'static> ReleaseSync for LineWriter<W> {
    fn release_sync(&mut self) -> Result<(), String> {
        self.flush().and_then(|()| nested::end(self.get_mut())).map_err(text_of)?;
        acknowledged(self.get_ref())
    }
}

impl ReleaseSync for Child {
    fn release_sync(&mut self) -> Result<(), String> {
        end(self)
    }
}

owned! {
    sync:
    [] File;
    [W: Write + Send + 'static] BufWriter<W>;
    [W: Write + Send + 'static] LineWriter<W>;
    [] Child;
}

impl<T: Send + 'static, List: 'static> ReleaseOwned<List> for thread::JoinHandle<T> {
    const BLOCKING: bool = true;

    async fn release_owned(self) -> Result<(), String> {
        match self.join() {
            Err(panic) => resume_unwind(panic),
            Ok(value) => read_output(&value),
        }
    }
}

dropped! {
    false:
    [] TcpListener;
    [T: Send + 'static] mpsc::Sender<T>;
    [T: Send + 'static] mpsc::SyncSender<T>;
}
