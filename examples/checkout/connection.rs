//! A customer's connection to the shop: HTTP/1.1, as plain as can be.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Longer than the service has to stop: whatever happens, a customer comes back.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Connection(BufReader<TcpStream>);

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The service closes the connection behind it.
    pub(crate) last: bool,
}

impl Connection {
    pub(crate) async fn open(shop: SocketAddr) -> io::Result<Connection> {
        TcpStream::connect(shop).await.map(BufReader::new).map(Connection)
    }

    pub(crate) async fn request(&mut self, method: &str, order: &str, body: &str) -> io::Result<Answer> {
        let length = body.len();
        let request = format!(
            "{method} /orders/{order} HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        tokio::time::timeout(PATIENCE, async {
            self.0.write_all(request.as_bytes()).await?;
            self.answer().await
        })
        .await?
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let status_line = self.line().await?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let (mut length, mut last) = (0, false);
        loop {
            let header = self.line().await?.to_ascii_lowercase();
            match header.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().map_err(io::Error::other)?,
                Some(("connection", "close")) => last = true,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok(Answer { status, body, last })
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
