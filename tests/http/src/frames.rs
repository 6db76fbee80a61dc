//! A relay between an HTTP/2 server and the `h2` client. The relay records frames. On request it also hides
//! GOAWAY and PING from the client, as if they had not arrived yet.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

/// The length of the client preface in bytes (RFC 9113, section 3.4).
const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
/// The ACK flag of a PING frame, which makes it a PONG.
const ACK: u8 = 1;

/// The last stream identifier of each GOAWAY that the server sent, in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Goaways(Arc<Mutex<Vec<u32>>>);

impl Goaways {
    /// Returns the recorded stream identifiers.
    pub fn seen(&self) -> Vec<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The number of frames of one kind that the client has sent to the kernel.
#[derive(Clone, Debug, Default)]
pub struct Sent(watch::Sender<usize>);

impl Sent {
    /// Waits until the number reaches `frames`.
    pub async fn wait_for(&self, frames: usize) {
        self.0.subscribe().wait_for(|&sent| sent >= frames).await.expect("it is here");
    }

    /// Returns the number of frames.
    pub fn count(&self) -> usize {
        *self.0.borrow()
    }

    fn note(&self, sent: bool) {
        self.0.send_modify(|count| *count += usize::from(sent));
    }
}

/// The frames that the relay recorded on one connection.
#[derive(Clone, Debug, Default)]
pub struct Overheard {
    /// The GOAWAY frames of the server.
    pub goaways: Goaways,
    /// The HEADERS frames of the client.
    pub requests: Sent,
    /// The PING replies of the client.
    pub pongs: Sent,
}

/// The frames that the relay passes to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// All frames.
    All,
    /// All frames except GOAWAY and PING. The client therefore never replies to a PING.
    NoGoaway,
}

/// Starts a relay over `stream`, and returns the client's end.
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
                // The client sees every write error as the end of the connection. A TLS stream can keep bytes
                // back until a flush.
                if to_server.write_all(&[&head[..], &payload].concat()).await.is_err()
                    || to_server.flush().await.is_err()
                {
                    break;
                }
                said.requests.note(head[3] == HEADERS);
                said.pongs.note(head[3] == PING && head[4] == ACK);
            }
        }
        // An error means that the server has already closed the connection.
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
        // An error means that the client has already closed the connection.
        let _ = to_client.shutdown().await;
    });
    (client, overheard)
}

/// Reads the head and the payload of the next frame.
async fn frame(from: &mut (impl AsyncRead + Unpin)) -> Option<([u8; 9], Vec<u8>)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await.ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    from.read_exact(&mut payload).await.ok()?;
    Some((head, payload))
}
