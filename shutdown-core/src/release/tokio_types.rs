//! Files, sockets and processes of tokio: `File`, `BufWriter`, `TcpListener`, `UnixListener`, `Child`. Needs the
//! feature `tokio-types`, which is on by default.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `fs::File` | the writes that are still in the background, and their errors | calls `sync_all` |
//! | `io::BufWriter` | the bytes in the buffer | in a `Mutex` of tokio: flushes, and syncs a file |
//! | `net::TcpListener` | the port stays open, and late clients are reset | in a `Slot`: closes it |
//! | `net::UnixListener` | the socket file stays | Unix only: removes the socket file |
//! | `process::Child` | the child outlives its parent | in a `Mutex` of tokio: sends SIGTERM and waits. On Windows: closes its stdin and waits |

use std::any::Any;
use std::future::Future;

use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufWriter};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::process::Child;

use super::Release;
use super::child::{ENDS_A_CHILD, ask_to_end};
use super::known::known;
use super::owned::{ReleaseMut, dropped, owned, text_of};
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
impl Release for File {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.sync_all().await.map_err(text_of)
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

impl ReleaseMut for File {
    async fn release_mut(&mut self) -> Result<(), String> {
        self.sync_all().await.map_err(text_of)
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> ReleaseMut for BufWriter<W> {
    async fn release_mut(&mut self) -> Result<(), String> {
        self.flush().await.map_err(text_of)?;
        // By `&mut`, because a `&` to it would need a `W` that is `Sync`.
        match (self.get_mut() as &mut (dyn Any + Send)).downcast_mut::<File>() {
            Some(file) => file.sync_all().await.map_err(text_of),
            None => Ok(()),
        }
    }
}

impl ReleaseMut for Child {
    async fn release_mut(&mut self) -> Result<(), String> {
        let id = self.id();
        ask_to_end(self.try_wait(), id).map_err(text_of)?;
        self.wait().await.map(drop).map_err(text_of)
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
