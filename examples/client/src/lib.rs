//! An HTTP/1.1 client that sends each request once, for the demo of `checkout` and for the tests.
//!
//! A client with a pool may send a request again on another connection. An audit has to know what happened to each
//! request, so this client has one connection and no pool.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub use hyper::{Method, StatusCode};

/// The longest time that a request may take. A service has less time to stop.
const TIMEOUT: Duration = Duration::from_secs(15);

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    server: SocketAddr,
    requests: SendRequest<String>,
}

/// The answer to one request.
#[derive(Debug)]
pub struct Answer {
    /// The status of the answer.
    pub status: StatusCode,
    /// The body as text.
    pub body: String,
    /// Whether the server closes the connection after this answer.
    pub closes: bool,
}

impl Connection {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// The error of `connect`, for example [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
    pub async fn open(server: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(server).await?;
        let (requests, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // The request reports the error of its connection, so the task does not have to.
        tokio::spawn(connection);
        Ok(Connection { server, requests })
    }

    /// Sends a request and waits up to 15 s for the whole answer.
    ///
    /// # Errors
    ///
    /// No complete answer has arrived. The server may have processed the request.
    pub async fn request(&mut self, method: Method, path: &str, body: &str) -> io::Result<Answer> {
        let request = Request::builder().method(method).uri(path).header(HOST, self.server.to_string());
        let request = request.body(body.to_owned()).map_err(io::Error::other)?;
        let answer = async {
            let answer = self.requests.send_request(request).await?;
            let closes = answer.headers().get(CONNECTION).is_some_and(|value| value == "close");
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned(), closes })
        };
        tokio::time::timeout(TIMEOUT, answer).await?.map_err(|error: hyper::Error| io::Error::other(error))
    }
}
