//! How the files, sockets and processes of tokio are released. It has none of them under loom.

use std::any::Any;

use tokio::{
    fs::File,
    io::{AsyncWrite, AsyncWriteExt, BufWriter},
    net::{TcpListener, UnixListener},
    process::Child,
};

use super::{
    Release,
    child::ask_to_end,
    owned::{ReleaseMut, dropped, owned, words},
    remove_socket,
};

/// What was written is on the disk.
#[diagnostic::do_not_recommend]
impl Release for File {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.sync_all().await.map_err(words)
    }
}

/// The socket file is gone, so that the next start can bind it.
#[diagnostic::do_not_recommend]
impl Release for UnixListener {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        remove_socket(self.local_addr().map_err(words)?.as_pathname())
    }
}

impl ReleaseMut for File {
    async fn release_mut(&mut self) -> Result<(), String> {
        self.sync_all().await.map_err(words)
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> ReleaseMut for BufWriter<W> {
    async fn release_mut(&mut self) -> Result<(), String> {
        self.flush().await.map_err(words)?;
        // `&mut`, since one of `&` would ask for a `W` that is `Sync`.
        match (self.get_mut() as &mut (dyn Any + Send)).downcast_mut::<File>() {
            Some(file) => file.sync_all().await.map_err(words),
            None => Ok(()),
        }
    }
}

impl ReleaseMut for Child {
    async fn release_mut(&mut self) -> Result<(), String> {
        let id = self.id();
        ask_to_end(self.try_wait(), id).map_err(words)?;
        self.wait().await.map(drop).map_err(words)
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
