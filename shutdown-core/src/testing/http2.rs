//! A connection of HTTP/2 that waits for each response.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::load::{Failure, Sent};
use super::outcome::Outcome;
use super::response::Response;

/// The time-out of each operation.
const TIME_OUT: Duration = Duration::from_secs(60);

/// One connection, whose tasks run while a caller waits.
pub(super) struct Http2 {
    send: SendRequest<Full<Bytes>>,
    runtime: Runtime,
}

impl Http2 {
    pub(super) fn open(address: SocketAddr) -> Result<Http2, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| (Outcome::Wrong, error.to_string()))?;
        let opened = runtime.block_on(within(async {
            let stream = TcpStream::connect(address).await.map_err(|error| named(&error))?;
            stream.set_nodelay(true).map_err(|error| named(&error))?;
            let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
            let (send, connection) = opened.map_err(|error| broken(&error))?;
            tokio::spawn(connection);
            Ok(send)
        }));
        opened.map(|send| Http2 { send, runtime })
    }

    /// Sends a request, and waits for the response. Returns `None` if the server had closed the connection before.
    ///
    /// The client then knows that the request was not sent, and sends it over another connection (RFC 9113, section 8.7).
    pub(super) fn ask(&mut self, sent: &Sent, path: &str) -> Result<Option<Response>, Failure> {
        let Http2 { send, runtime } = self;
        runtime.block_on(within(async {
            if send.ready().await.is_err() {
                return Ok(None);
            }
            let request = Request::builder().method(&*sent.method).uri(format!("http://test{path}"));
            let request = request.body(Full::from(sent.body.clone().unwrap_or_default()));
            let request = request.map_err(|error| (Outcome::Wrong, error.to_string()))?;
            let response = match send.try_send_request(request).await {
                Ok(response) => response,
                Err(mut error) => {
                    let unsent = error.take_message().is_some();
                    return if unsent { Ok(None) } else { Err(broken(&error.into_error())) };
                }
            };
            let (status, head) = (response.status().as_u16(), head(&response));
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| (Outcome::Cut, error.to_string()))?;
            Ok(Some(Response { status, head, body: body.to_bytes().to_vec() }))
        }))
    }

    /// Waits for `pause`. Returns whether the connection takes another request.
    pub(super) fn is_open_after(&mut self, pause: Duration) -> bool {
        let Http2 { send, runtime } = self;
        runtime.block_on(async {
            tokio::time::sleep(pause).await;
            send.ready().await.is_ok()
        })
    }
}

async fn within<T>(act: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let waited = tokio::time::timeout(TIME_OUT, act).await;
    waited.unwrap_or_else(|_| Err((Outcome::TimedOut, "60 s have passed".to_owned())))
}

fn named(error: &std::io::Error) -> Failure {
    (Outcome::of(error), error.to_string())
}

/// Names the error of a connection.
fn broken(error: &hyper::Error) -> Failure {
    use std::error::Error as _;
    let words = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    (Outcome::Reset, words)
}

/// Writes the head as HTTP/1.1 does, in lower case.
fn head<B>(response: &http::Response<B>) -> String {
    let mut head = format!("http/2 {}\r\n", response.status().as_u16());
    for (name, value) in response.headers() {
        let _ = write!(head, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()).to_lowercase());
    }
    head
}
