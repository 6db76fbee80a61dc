//! The load: one closed loop on each of a few connections, all in one thread of this process.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{LAST_REQUEST, REQUEST, is_answer};

const CONNECTIONS: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// One request after another on the same connection.
    KeepAlive,
    /// A connection for each request.
    Anew,
}

/// Runs the load for `time`. Returns the number of responses and the measured time.
pub(crate) fn run(address: SocketAddr, style: Style, time: Duration) -> (u32, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let (over, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut loops = tokio::task::JoinSet::new();
        let begun = Instant::now();
        for _ in 0..CONNECTIONS {
            let (over, answers) = (Arc::clone(&over), Arc::clone(&answers));
            loops.spawn(async move {
                let mut connection = None;
                while !over.load(Ordering::Relaxed) {
                    ask(address, style, &mut connection).await.expect("an answer");
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        tokio::time::sleep(time).await;
        let (count, took) = (answers.load(Ordering::Relaxed), begun.elapsed());
        over.store(true, Ordering::Relaxed);
        while let Some(ended) = loops.join_next().await {
            ended.expect("every request is answered");
        }
        (count, took)
    })
}

async fn ask(address: SocketAddr, style: Style, connection: &mut Option<TcpStream>) -> io::Result<()> {
    let mut socket = match connection.take() {
        Some(socket) => socket,
        None => TcpStream::connect(address).await?,
    };
    let keep = style == Style::KeepAlive;
    socket.write_all(if keep { REQUEST } else { LAST_REQUEST }).await?;
    let (mut bytes, mut length) = ([0; 512], 0);
    // The server closes a connection after its only request.
    loop {
        match socket.read(&mut bytes[length..]).await? {
            0 if !keep && is_answer(&bytes[..length]) => return Ok(()),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => length += more,
        }
        if keep && is_answer(&bytes[..length]) {
            *connection = Some(socket);
            return Ok(());
        }
    }
}
