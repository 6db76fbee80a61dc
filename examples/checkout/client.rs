//! A customer: places orders over HTTP, one after the other, and keeps what was acknowledged.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Longer than the service has to stop: whatever happens, a customer comes back.
const PATIENCE: Duration = Duration::from_secs(15);

/// What became of the requests.
#[derive(Default)]
pub(crate) struct Tally {
    /// The orders that were answered with 201.
    pub(crate) acknowledged: Vec<String>,
    /// Connections that were not accepted.
    pub(crate) refused: usize,
    /// Requests whose connection ended before an answer. Their orders may have been placed.
    pub(crate) unanswered: usize,
    /// Requests with another answer than 201.
    pub(crate) turned_down: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.acknowledged.extend(other.acknowledged);
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.turned_down += other.turned_down;
    }
}

/// Places orders until the shop is closed: on one connection while that lasts, or on a new one each.
pub(crate) async fn shop_till_closed(shop: SocketAddr, name: String, keep_alive: bool) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    for number in 0.. {
        let order = format!("{name}-{number}");
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(shop).await,
        };
        let Ok(mut open) = open else {
            tally.refused += 1;
            break;
        };
        match open.request("PUT", &order, "one espresso").await {
            Ok(answer) => {
                match answer.status {
                    201 => tally.acknowledged.push(order),
                    _ => tally.turned_down += 1,
                }
                connection = (keep_alive && !answer.last).then_some(open);
            }
            Err(_) => tally.unanswered += 1,
        }
    }
    tally
}

/// Waits until the shop says that this order is settled.
pub(crate) async fn await_settled(shop: SocketAddr, order: &str) -> io::Result<()> {
    loop {
        let answer = Connection::open(shop).await?.request("GET", order, "").await?;
        if answer.body == "settled\n" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An HTTP/1.1 connection, as plain as can be.
struct Connection(BufReader<TcpStream>);

struct Answer {
    status: u16,
    body: String,
    /// The service closes the connection behind it.
    last: bool,
}

impl Connection {
    async fn open(shop: SocketAddr) -> io::Result<Connection> {
        TcpStream::connect(shop).await.map(BufReader::new).map(Connection)
    }

    async fn request(&mut self, method: &str, order: &str, body: &str) -> io::Result<Answer> {
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
