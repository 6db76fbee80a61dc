//! What a server says in frames of HTTP/2, seen on the way to a client of the `h2` crate, and kept from it if that is
//! wished: a client that has not heard what crossed its request on the way.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;

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

/// What the client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Everything.
    All,
    /// Neither GOAWAY nor PING, so it never says PONG.
    NoGoaway,
}

/// A way to the server at the other end of `stream`, for a client.
pub fn overheard(stream: TcpStream, hearing: Hearing) -> (DuplexStream, Goaways) {
    let (client, way) = tokio::io::duplex(64 * 1024);
    let (mut from_server, mut to_server) = stream.into_split();
    let (mut from_client, mut to_client) = tokio::io::split(way);
    tokio::spawn(async move {
        // Whatever ends it: the other end sees it.
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
    });
    let goaways = Goaways::default();
    let seen = goaways.clone();
    tokio::spawn(async move {
        let mut head = [0; 9];
        while from_server.read_exact(&mut head).await.is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            if from_server.read_exact(&mut payload).await.is_err() {
                break;
            }
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
    (client, goaways)
}
