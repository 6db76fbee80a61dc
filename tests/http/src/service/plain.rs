//! A protocol that is not HTTP. The handler echoes its input. `panic` makes the handler panic. `panic next`
//! makes the handler of the next connection panic before it returns a future.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use lifecycle::net::{Connection, SocketListener};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::wishes::Wishes;

static PANIC_NEXT: AtomicBool = AtomicBool::new(false);

pub(super) async fn run(wishes: &Wishes, listener: SocketListener) -> io::Result<()> {
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
