//! An HTTP/2 client that records the frames on its connection.

use std::time::Instant;

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
    pub async fn open(server: &Server, hearing: Hearing) -> Http2 {
        let stream = TcpStream::connect(server.socket_address()).await.expect("it listens");
        Http2::over(stream, hearing).await
    }

    /// Starts HTTP/2 over an open stream.
    pub async fn over<S>(stream: S, hearing: Hearing) -> Http2
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (stream, overheard) = overheard(stream, hearing);
        let (send, connection) = h2::client::handshake(stream).await.expect("a connection");
        Http2 { send, overheard, running: tokio::spawn(connection) }
    }

    /// Sends a GET for `path`.
    pub async fn ask(&mut self, path: &str) -> ResponseFuture {
        self.ask_with(path, HeaderMap::new()).await
    }

    /// Sends a GET for `path` with `headers`.
    pub async fn ask_with(&mut self, path: &str, headers: HeaderMap) -> ResponseFuture {
        let mut request = Request::get(format!("http://test{path}")).body(()).expect("a request");
        request.headers_mut().extend(headers);
        let mut send = self.send.clone().ready().await.expect("it is open");
        send.send_request(request, true).expect("it is open").0
    }

    /// Opens a connection, sends one request, and leaves the connection idle.
    pub async fn used(server: &Server, hearing: Hearing) -> Http2 {
        let mut connection = Http2::open(server, hearing).await;
        let answer = connection.ask("/").await;
        assert_eq!(Http2::body(answer).await.1, b"hello");
        connection
    }

    /// Sends ten requests, and waits until each is in progress.
    pub async fn ten_at_work(&mut self, server: &mut Server) -> Vec<ResponseFuture> {
        let mut answers = Vec::new();
        for at in 0..10 {
            answers.push(self.ask(&format!("/wait/{at}")).await);
        }
        for at in 0..10 {
            server.wait_for(&format!("at work: /wait/{at}"));
        }
        answers
    }

    /// Requires both GOAWAYs while the ten streams are in progress, lets them finish, and waits for the end.
    pub async fn ten_finish(self, server: &mut Server, answers: Vec<ResponseFuture>) {
        // The streams of a client have odd numbers, starting at 1.
        assert_eq!(self.goaways(2).await, [Http2::ANY, 19]);
        server.tell("go");
        for (at, answer) in answers.into_iter().enumerate() {
            let (head, body) = Http2::body(answer).await;
            assert_eq!((head.status().as_u16(), body), (200, at.to_string().into_bytes()));
            assert!(!head.headers().contains_key("connection"));
        }
        self.closed().await;
    }

    /// Waits until the server has sent `count` GOAWAYs.
    pub async fn goaways(&self, count: usize) -> Vec<u32> {
        let until = Instant::now() + PATIENCE;
        loop {
            let seen = self.overheard.goaways.seen();
            if seen.len() >= count {
                return seen;
            }
            assert!(Instant::now() < until, "{seen:?}");
            tokio::task::yield_now().await;
        }
    }

    /// Waits for the response and its body.
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
    pub async fn closed(self) {
        // An idle client may see a clean end or the error of a closed connection.
        let _ = timeout(PATIENCE, self.running).await.expect("it is closed").expect("no panic");
        // The client closes its connection at this drop, so it comes after the wait.
        drop(self.send);
    }
}
