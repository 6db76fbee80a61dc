//! Files, sockets and processes of tokio: `File`, `BufWriter`, `TcpListener`, `UnixListener`, `Child`. Needs the
//! feature `tokio-types`, which is on by default.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `fs::File` | the writes that are still in the background, and their errors | calls `sync_all`; in a `Mutex` of tokio: flushes first | the disk; an error of a write that was not flushed is seen in a `Mutex` alone |
//! | `io::BufWriter` | the bytes in the buffer | in a `Mutex` of tokio: flushes, and syncs a file | the disk, the peer's kernel (TCP), or the writer's `flush` |
//! | `net::TcpListener` | the port stays open, and late clients are reset | in a `Slot`: closes it | nothing is outstanding: a client in the queue is reset, and sees that |
//! | `net::UnixListener` | the socket file stays | Unix only: removes the socket file | the file system |
//! | `process::Child` | the child outlives its parent | in a `Slot` or a `Mutex` of tokio: SIGTERM, then SIGKILL; waits. On Windows: killed | the child, by its end and its exit status |
//!
//! [`std`](super::std) tells how long a `BufWriter` waits for the peer of a TCP connection: a `TcpStream` or an
//! `OwnedWriteHalf`.
//!
//! [`std`](super::std) tells which processes receive the signals of a `Child`, and when. A `BufWriter` that writes into
//! memory needs no release.

use std::any::Any;
use std::future::Future;

use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufWriter};
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;

use super::Release;
use super::child::{ENDS_A_CHILD, end_async};
use super::known::known;
use super::owned::{ReleaseMut, dropped, owned, text_of};
use super::sent::acknowledged_async;
#[cfg(unix)]
use super::std::remove_socket;

known! {
    [] File: "tokio::fs::File",
    lost: "the writes that tokio still does in the background, and their errors",
    does: "calls `sync_all`",
    form: "tokio::fs::File",
    locked: "tokio::sync::Mutex";

    [W: AsyncWrite] BufWriter<W>: "tokio::io::BufWriter",
    lost: "the bytes that are still in the buffer: a drop does not write them",
    does: "flushes it (and syncs a file)",
    form: "tokio::sync::Mutex<BufWriter<_>>";

    [] TcpListener: "tokio::net::TcpListener",
    lost: "the port stays open until the exit, and a client that connects meanwhile is reset without an answer",
    does: "closes it",
    form: "lifecycle::Slot<TcpListener>";

    [] Child: "tokio::process::Child",
    lost: "the child outlives its parent, and nothing reads its exit status",
    does: ENDS_A_CHILD,
    form: "tokio::sync::Mutex<Child>";
}

#[cfg(unix)]
known! {
    [] UnixListener: "tokio::net::UnixListener",
    lost: "the socket file stays, and the next start fails with `AddrInUse`",
    does: "removes the socket file",
    form: "UnixListener";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for File {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.sync_all().await.map_err(text_of)
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

impl ReleaseMut for File {
    async fn release_mut(&mut self) -> Result<(), String> {
        // `sync_all` waits for the last write and drops its error, which `flush` returns.
        self.flush().await.map_err(text_of)?;
        self.sync_all().await.map_err(text_of)
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> ReleaseMut for BufWriter<W> {
    async fn release_mut(&mut self) -> Result<(), String> {
        self.flush().await.map_err(text_of)?;
        // By `&mut`, because a `&` to it would need a `W` that is `Sync`.
        let writer = self.get_mut() as &mut (dyn Any + Send);
        if let Some(file) = writer.downcast_mut::<File>() {
            file.sync_all().await.map_err(text_of)
        } else if let Some(stream) = writer.downcast_mut::<TcpStream>() {
            acknowledged_async(&*stream, || stream.take_error()).await
        } else if let Some(half) = writer.downcast_mut::<OwnedWriteHalf>() {
            acknowledged_async(half.as_ref(), || half.as_ref().take_error()).await
        } else {
            Ok(())
        }
    }
}

impl ReleaseMut for Child {
    async fn release_mut(&mut self) -> Result<(), String> {
        end_async(self).await
    }
}

owned! {
    mut:
    [] File;
    [W: AsyncWrite + Unpin + Send + 'static] BufWriter<W>;
    [] Child;
}

dropped! {
    false:
    [] TcpListener;
}
