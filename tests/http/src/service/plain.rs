//! A protocol that is not HTTP. The handler echoes its input. `panic` makes the handler panic. `panic next`
//! makes the handler of the next connection panic before it returns a future. With `lines` the handler echoes whole lines
//! and marks its connection as idle between them. With `tls` it does so over TLS.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use lifecycle::net::{Connection, Marker, SocketListener};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};

use super::tls;
use super::wishes::Wishes;

static PANIC_NEXT: AtomicBool = AtomicBool::new(false);

pub(super) async fn run(wishes: &Wishes, listener: SocketListener) -> io::Result<()> {
    if wishes.has("tls") {
        return run_tls(listener).await;
    }
    if wishes.has("lines") {
        return lifecycle::net::serve(listener, |connection, _| async move {
            let marker = connection.marker();
            // A failed echo ends the connection in the same way as a completed one.
            let _ = echo_lines(connection, marker).await;
        })
        .await;
    }
    let polite = wishes.has("polite");
    lifecycle::net::serve(listener, move |stream, _| {
        assert!(!PANIC_NEXT.swap(false, Ordering::Relaxed), "a handler panics at once");
        async move {
            let stopping = async {
                match polite {
                    true => lifecycle::stopping().await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                // A failed echo ends the connection in the same way as a completed one.
                _ = echo(stream) => {}
                () = stopping => {}
            }
        }
    })
    .await
}

async fn echo(mut stream: Connection) -> io::Result<()> {
    let mut space = [0; 1024];
    loop {
        let length = stream.read(&mut space).await?;
        match &space[..length] {
            [] => return Ok(()),
            b"panic" => panic!("a handler panics at work"),
            heard => {
                PANIC_NEXT.store(heard == b"panic next", Ordering::Relaxed);
                stream.write_all(heard).await?;
            }
        }
    }
}

async fn run_tls(listener: SocketListener) -> io::Result<()> {
    let acceptor = tls::acceptor();
    lifecycle::net::serve(listener, move |connection, _| {
        let marker = connection.marker();
        // The drain may end a connection before its handshake, and a handshake that stops half way.
        marker.mark_idle(&[]);
        let handshake = acceptor.accept(connection);
        async move {
            if let Ok(stream) = handshake.await {
                let _ = echo_lines(stream, marker).await;
            }
        }
    })
    .await
}

async fn echo_lines(stream: impl AsyncRead + AsyncWrite + Unpin, marker: Marker) -> io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    loop {
        marker.mark_idle(lines.buffer());
        line.clear();
        match lines.read_line(&mut line).await {
            // TLS has no `close_notify` of the client, if the drain ends the connection.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            Ok(0) | Err(_) => return lines.shutdown().await,
            Ok(_) => {}
        }
        lines.write_all(line.as_bytes()).await?;
        lines.flush().await?;
    }
}
