//! A client of HTTP/2, which says what the server said to it in frames.

use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::frames::{Hearing, Overheard, overheard};
use crate::{PATIENCE, Server};

/// The client's side of a connection of HTTP/2.
pub struct Http2 {
    send: SendRequest<bytes::Bytes>,
    /// What is said on it.
    pub overheard: Overheard,
    running: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    /// The end of all streams: the first GOAWAY names it, and so refuses none.
    pub const ANY: u32 = (1 << 31) - 1;

    /// A new connection.
    ///
    /// # Panics
    ///
    /// If nobody listens.
    pub async fn open(server: &Server, hearing: Hearing) -> Http2 {
        let stream = TcpStream::connect(server.address).await.expect("it listens");
        Http2::over(stream, hearing).await
    }

    /// A connection over one that is there.
    ///
    /// # Panics
    ///
    /// If the other end does not speak HTTP/2.
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
    /// If the connection takes no request any more.
    pub async fn ask(&mut self, path: &str) -> ResponseFuture {
        self.ask_with(path, HeaderMap::new()).await
    }

    /// Sends a GET for `path` with these headers.
    ///
    /// # Panics
    ///
    /// If the connection takes no request any more.
    pub async fn ask_with(&mut self, path: &str, headers: HeaderMap) -> ResponseFuture {
        let mut request = Request::get(format!("http://test{path}")).body(()).expect("a request");
        request.headers_mut().extend(headers);
        let mut send = self.send.clone().ready().await.expect("it is open");
        send.send_request(request, true).expect("it is open").0
    }

    /// A connection that was used once, and is idle.
    ///
    /// # Panics
    ///
    /// If it was not answered.
    pub async fn used(server: &Server, hearing: Hearing) -> Http2 {
        let mut connection = Http2::open(server, hearing).await;
        let answer = connection.ask("/").await;
        assert_eq!(Http2::body(answer).await.1, b"hello");
        connection
    }

    /// An answer with its body.
    ///
    /// # Panics
    ///
    /// If there is none.
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

    /// Closes it at once, whatever is at work.
    pub fn abandon(self) {
        self.running.abort();
    }

    /// Waits until the server has closed it.
    ///
    /// # Panics
    ///
    /// If it stays.
    pub async fn closed(self) {
        // Without an error, or with that of a connection that ended under an idle client.
        let _ = timeout(PATIENCE, self.running).await.expect("it is closed").expect("no panic");
        // Had it gone before, the client would have closed.
        drop(self.send);
    }
}
