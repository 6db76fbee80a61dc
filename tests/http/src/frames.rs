//! What a server says in frames of HTTP/2, seen on the way to a client of the `h2` crate, and kept from it if that is
//! wished: a client that has not heard what crossed its request on the way.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

/// What a client says before its first frame.
const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
/// The flag of a PONG.
const ACK: u8 = 1;

/// The last stream that each GOAWAY of a server names, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Goaways(Arc<Mutex<Vec<u32>>>);

impl Goaways {
    /// Those that have come.
    pub fn seen(&self) -> Vec<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How many frames of a kind a client has handed to its kernel.
#[derive(Clone, Debug, Default)]
pub struct Sent(watch::Sender<usize>);

impl Sent {
    /// Waits until there are so many.
    ///
    /// # Panics
    ///
    /// Never: it outlives the wait.
    pub async fn wait_for(&self, frames: usize) {
        self.0.subscribe().wait_for(|&sent| sent >= frames).await.expect("it is here");
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        *self.0.borrow()
    }

    fn note(&self, sent: bool) {
        self.0.send_modify(|count| *count += usize::from(sent));
    }
}

/// What is said on a connection.
#[derive(Clone, Debug, Default)]
pub struct Overheard {
    /// By the server.
    pub goaways: Goaways,
    /// By the client.
    pub requests: Sent,
    /// By the client, for each PING that it heard.
    pub pongs: Sent,
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
pub(crate) fn overheard<S>(stream: S, hearing: Hearing) -> (DuplexStream, Overheard)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (client, way) = tokio::io::duplex(64 * 1024);
    let (mut from_server, mut to_server) = tokio::io::split(stream);
    let (mut from_client, mut to_client) = tokio::io::split(way);
    let overheard = Overheard::default();
    let said = overheard.clone();
    tokio::spawn(async move {
        let mut preface = [0; PREFACE];
        if from_client.read_exact(&mut preface).await.is_ok() && to_server.write_all(&preface).await.is_ok() {
            while let Some((head, payload)) = frame(&mut from_client).await {
                // Whatever ends it: the other end sees it. What encrypts may keep something back until it is flushed.
                if to_server.write_all(&[&head[..], &payload].concat()).await.is_err()
                    || to_server.flush().await.is_err()
                {
                    break;
                }
                said.requests.note(head[3] == HEADERS);
                said.pongs.note(head[3] == PING && head[4] == ACK);
            }
        }
        // The server hears the end.
        let _ = to_server.shutdown().await;
    });
    let said = overheard.clone();
    tokio::spawn(async move {
        while let Some((head, payload)) = frame(&mut from_server).await {
            if head[3] == GOAWAY {
                let last = u32::from_be_bytes(payload[..4].try_into().expect("four bytes"));
                said.goaways.0.lock().unwrap_or_else(PoisonError::into_inner).push(last);
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
    (client, overheard)
}

/// The next frame: its head, and what it carries.
async fn frame(from: &mut (impl AsyncRead + Unpin)) -> Option<([u8; 9], Vec<u8>)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await.ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    from.read_exact(&mut payload).await.ok()?;
    Some((head, payload))
}
