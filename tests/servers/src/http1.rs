//! An HTTP/1.1 client that sends each request once.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::load::Asked;

/// A connection of a client.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// Returns the error of the kernel if no server accepts the connection.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, read: Vec::new() })
    }

    /// Requests `path`. A client with `last` announces that it sends no further request.
    pub async fn ask(&mut self, path: &str, last: bool) -> Asked {
        let close = if last { "Connection: close\r\n" } else { "" };
        let request = format!("GET {path} HTTP/1.1\r\nHost: servers\r\n{close}\r\n");
        if self.stream.write_all(request.as_bytes()).await.is_err() {
            return Asked::NotSent;
        }
        match self.answer().await {
            Ok(closes) => Asked::Answered { closes: closes || last },
            Err(error) => Asked::Lost(error.to_string()),
        }
    }

    /// Reads one response with status 200 and the body `hello`. Returns whether it says `close`.
    async fn answer(&mut self) -> io::Result<bool> {
        let wrong = |head: &str| io::Error::other(format!("unexpected response: {head}"));
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_lowercase();
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            fields.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
        };
        let length: usize =
            field("content-length").and_then(|length| length.parse().ok()).ok_or_else(|| wrong(&head))?;
        let closes = field("connection") == Some("close");
        while self.read.len() < end + length {
            self.more().await?;
        }
        if !head.starts_with("http/1.1 200 ") || &self.read[end..end + length] != b"hello\n" {
            return Err(wrong(&head));
        }
        self.read.drain(..end + length);
        Ok(closes)
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Waits for `pause`. Returns whether the server has left the connection open.
    pub async fn is_open_after(&self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.stream.readable()).await.is_err()
    }
}
