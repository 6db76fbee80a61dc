//! An HTTP/2 client that records the frames on its connection.

use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::frames::{Hearing, Overheard, overheard};
use crate::{PATIENCE, Server};

/// An HTTP/2 client connection.
pub struct Http2 {
    send: SendRequest<bytes::Bytes>,
    /// The frames on this connection.
    pub overheard: Overheard,
    running: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    /// The highest stream identifier. The first GOAWAY names it, and therefore refuses no stream.
    pub const ANY: u32 = (1 << 31) - 1;

    /// Opens a connection to `server`.
    ///
    /// # Panics
    ///
    /// Panics if the server does not listen.
    pub async fn open(server: &Server, hearing: Hearing) -> Http2 {
        let stream = TcpStream::connect(server.address).await.expect("it listens");
        Http2::over(stream, hearing).await
    }

    /// Starts HTTP/2 over an open stream.
    ///
    /// # Panics
    ///
    /// Panics if the server does not speak HTTP/2.
    pub async fn over<S>(stream: S, hearing: Hearing) -> Http2
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (stream, overheard) = overheard(stream, hearing);
        let (send, connection) = h2::client::handshake(stream).await.expect("a connection");
        Http2 { send, overheard, running: tokio::spawn(connection) }
    }

    /// Sends a GET for `path`.
    ///
    /// # Panics
    ///
    /// Panics if the connection does not accept a request.
    pub async fn ask(&mut self, path: &str) -> ResponseFuture {
        self.ask_with(path, HeaderMap::new()).await
    }

    /// Sends a GET for `path` with `headers`.
    ///
    /// # Panics
    ///
    /// Panics if the connection does not accept a request.
    pub async fn ask_with(&mut self, path: &str, headers: HeaderMap) -> ResponseFuture {
        let mut request = Request::get(format!("http://test{path}")).body(()).expect("a request");
        request.headers_mut().extend(headers);
        let mut send = self.send.clone().ready().await.expect("it is open");
        send.send_request(request, true).expect("it is open").0
    }

    /// Opens a connection, sends one request, and leaves the connection idle.
    ///
    /// # Panics
    ///
    /// Panics if the server does not respond.
    pub async fn used(server: &Server, hearing: Hearing) -> Http2 {
        let mut connection = Http2::open(server, hearing).await;
        let answer = connection.ask("/").await;
        assert_eq!(Http2::body(answer).await.1, b"hello");
        connection
    }

    /// Waits for the response and its body.
    ///
    /// # Panics
    ///
    /// Panics if the response or its body fails.
    pub async fn body(answer: ResponseFuture) -> (Response<()>, Vec<u8>) {
        let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
        let (parts, mut stream) = answer.into_parts();
        let mut body = Vec::new();
        while let Some(data) = stream.data().await {
            let data = data.expect("a body");
            stream.flow_control().release_capacity(data.len()).expect("it was received");
            body.extend_from_slice(&data);
        }
        (Response::from_parts(parts, ()), body)
    }

    /// Closes the connection at once, with streams still in progress.
    pub fn abandon(self) {
        self.running.abort();
    }

    /// Waits until the server has closed the connection.
    ///
    /// # Panics
    ///
    /// Panics if the connection stays open.
    pub async fn closed(self) {
        // An idle client may see a clean end or the error of a closed connection.
        let _ = timeout(PATIENCE, self.running).await.expect("it is closed").expect("no panic");
        // The client closes its connection at this drop, so it comes after the wait.
        drop(self.send);
    }
}
