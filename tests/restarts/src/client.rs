//! A client of HTTP/1.1 that never tries twice, and says precisely what went wrong.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::tally::Outcome;

/// How long anything may take: a connection that the kernel drops a packet of comes a second later, then three.
const TOO_LONG: Duration = Duration::from_secs(20);

/// Why a request was not answered.
pub(crate) type Failure = (Outcome, String);

pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The server closes, or asks for it.
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
            // Nobody's fault but ours: no descriptor, no port.
            _ => Outcome::Wrong,
        };
        let stream = bounded("connect", TcpStream::connect(address), name).await?;
        stream.set_nodelay(true).map_err(|error| (Outcome::Reset, error.to_string()))?;
        Ok(Connection { stream, read: Vec::new() })
    }

    /// Asks for `target`. With `last` it says that it is the last request, and waits for the server to close.
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
            // The end that closes first keeps the port for a minute: let it be the server, which has but one.
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

    /// Waits for so long; whether the server has left the connection open.
    pub(crate) async fn is_open_after(&self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.stream.readable()).await.is_err()
    }
}
