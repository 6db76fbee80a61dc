//! An HTTP/1.1 client that does not retry, and that reports each failure with its outcome.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::tally::Outcome;

/// The time-out of each operation. The kernel resends a dropped packet of a handshake after 1 s, and again
/// after 3 s.
const TOO_LONG: Duration = Duration::from_secs(20);

/// The outcome of a request without a response, and its reason.
pub(crate) type Failure = (Outcome, String);

pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// True if the server closes the connection, or the client asked for that.
    pub(crate) closes: bool,
    pub(crate) body: String,
}

async fn bounded<T>(
    what: &str,
    act: impl Future<Output = io::Result<T>>,
    name: impl FnOnce(&io::Error) -> Outcome,
) -> Result<T, Failure> {
    match tokio::time::timeout(TOO_LONG, act).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err((name(&error), format!("{what}: {error}"))),
        Err(_) => Err((Outcome::TimedOut, what.to_owned())),
    }
}

fn broken(_: &io::Error) -> Outcome {
    Outcome::Reset
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Connection, Failure> {
        let name = |error: &io::Error| match error.kind() {
            ErrorKind::ConnectionRefused => Outcome::Refused,
            ErrorKind::TimedOut => Outcome::TimedOut,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Outcome::Reset,
            // The client's machine has no free descriptor or port.
            _ => Outcome::Wrong,
        };
        let stream = bounded("connect", TcpStream::connect(address), name).await?;
        stream.set_nodelay(true).map_err(|error| (Outcome::Reset, error.to_string()))?;
        Ok(Connection { stream, read: Vec::new() })
    }

    /// Requests `target`. If `last` is true, announces the last request, and waits until the server closes.
    pub(crate) async fn ask(&mut self, target: &str, last: bool) -> Result<Answer, Failure> {
        let close = if last { "Connection: close\r\n" } else { "" };
        let request = format!("GET {target} HTTP/1.1\r\nHost: restarted\r\n{close}\r\n");
        bounded("write", self.stream.write_all(request.as_bytes()), broken).await?;
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.more("its head").await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
        self.read.drain(..end);
        let field = |name: &str| {
            let fields = head.lines().filter_map(|line| line.split_once(':'));
            let mut named = fields.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.trim().to_owned())
        };
        let wrong = || (Outcome::Wrong, format!("no answer of HTTP: {head}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(wrong)?;
        let length: usize =
            field("content-length").and_then(|length| length.parse().ok()).ok_or_else(wrong)?;
        while self.read.len() < length {
            self.more("its body").await?;
        }
        let body = String::from_utf8_lossy(&self.read[..length]).into_owned();
        self.read.drain(..length);
        if last {
            // The end that closes first keeps the port for 1 min. The server uses only one port, so it closes
            // first.
            let _ = bounded("close", self.stream.read(&mut [0]), broken).await;
        }
        let closes = last || field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok(Answer { status, closes, body })
    }

    async fn more(&mut self, of: &str) -> Result<(), Failure> {
        match bounded(of, self.stream.read_buf(&mut self.read), broken).await? {
            0 if self.read.is_empty() && of == "its head" => Err((Outcome::Empty, "end of file".to_owned())),
            0 => Err((Outcome::Cut, format!("end of file in {of}"))),
            _ => Ok(()),
        }
    }

    /// Waits for `pause`. Returns whether the server has left the connection open.
    pub(crate) async fn is_open_after(&self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.stream.readable()).await.is_err()
    }
}
