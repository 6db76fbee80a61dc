//! What a server says in frames of HTTP/2, seen on the way to a client of the `h2` crate, and kept from it if that is
//! wished: a client that has not heard what crossed its request on the way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;

/// What a client says before its first frame.
const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

/// The last stream that each GOAWAY of a server names, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Goaways(Arc<Mutex<Vec<u32>>>);

impl Goaways {
    /// Those that have come.
    pub fn seen(&self) -> Vec<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How many requests of a client are with its kernel.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<AtomicUsize>);

impl Asked {
    /// Waits until there are so many.
    pub async fn wait_for(&self, requests: usize) {
        while self.0.load(Ordering::Relaxed) < requests {
            tokio::task::yield_now().await;
        }
    }
}

/// What the client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Everything.
    All,
    /// Neither GOAWAY nor PING, so it never says PONG.
    NoGoaway,
}

/// A way to the server at the other end of `stream`, for a client.
pub fn overheard(stream: TcpStream, hearing: Hearing) -> (DuplexStream, Goaways, Asked) {
    let (client, way) = tokio::io::duplex(64 * 1024);
    let (mut from_server, mut to_server) = stream.into_split();
    let (mut from_client, mut to_client) = tokio::io::split(way);
    let asked = Asked::default();
    let sent = asked.clone();
    tokio::spawn(async move {
        let mut preface = [0; PREFACE];
        if from_client.read_exact(&mut preface).await.is_ok() && to_server.write_all(&preface).await.is_ok() {
            while let Some((head, payload)) = frame(&mut from_client).await {
                // Whatever ends it: the other end sees it.
                if to_server.write_all(&[&head[..], &payload].concat()).await.is_err() {
                    break;
                }
                sent.0.fetch_add(usize::from(head[3] == HEADERS), Ordering::Relaxed);
            }
        }
        // The server hears the end.
        let _ = to_server.shutdown().await;
    });
    let goaways = Goaways::default();
    let seen = goaways.clone();
    tokio::spawn(async move {
        while let Some((head, payload)) = frame(&mut from_server).await {
            if head[3] == GOAWAY {
                let last = u32::from_be_bytes(payload[..4].try_into().expect("four bytes"));
                seen.0.lock().unwrap_or_else(PoisonError::into_inner).push(last);
            }
            let kept = hearing == Hearing::NoGoaway && matches!(head[3], PING | GOAWAY);
            if !kept
                && (to_client.write_all(&head).await.is_err() || to_client.write_all(&payload).await.is_err())
            {
                break;
            }
        }
        // The client hears the end.
        let _ = to_client.shutdown().await;
    });
    (client, goaways, asked)
}

/// The next frame: its head, and what it carries.
async fn frame(from: &mut (impl AsyncRead + Unpin)) -> Option<([u8; 9], Vec<u8>)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await.ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    from.read_exact(&mut payload).await.ok()?;
    Some((head, payload))
}
