//! A client that sends and reads only when a test calls it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::answer::{Answer, Reader};
use crate::outcome::Outcome;

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// Builds a GET request for `path`.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").into_bytes()
}

/// A client connection. It reads only on demand, and no call takes longer than [`PATIENCE`].
pub struct Client {
    reader: Reader<Box<dyn Stream>>,
}

impl Client {
    /// Opens a TCP connection.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Client {
        Client::try_connect(address).unwrap_or_else(|outcome| panic!("cannot connect: {outcome:?}"))
    }

    /// Opens a TCP connection if a server listens.
    ///
    /// # Errors
    ///
    /// Returns the outcome if the connection fails.
    pub fn try_connect(address: SocketAddr) -> Result<Client, Outcome> {
        let stream = TcpStream::connect(address).map_err(|error| Outcome::of(&error))?;
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Ok(Client::over(stream))
    }

    /// Sends a GET for `path` on a new connection, and returns the outcome.
    pub fn ask_once(address: SocketAddr, path: &str) -> Outcome {
        let asked = Client::try_connect(address).and_then(|mut client| {
            client.try_send(&get(path))?;
            Ok(client.outcome())
        });
        asked.unwrap_or_else(|outcome| outcome)
    }

    /// Sends a request without a body on a new connection, and returns the response.
    #[track_caller]
    pub fn request(address: SocketAddr, method: &str, path: &str) -> Answer {
        let mut client = Client::connect(address);
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).answer()
    }

    /// Opens a connection over a Unix socket.
    #[track_caller]
    pub fn connect_unix(path: &Path) -> Client {
        let stream = UnixStream::connect(path).expect("somebody listens at the socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Client::over(stream)
    }

    /// Wraps an open stream. The stream has its own time-outs.
    pub fn over(stream: impl Read + Write + Send + 'static) -> Client {
        Client { reader: Reader::new(Box::new(stream)) }
    }

    /// Sends `bytes`.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) -> &mut Client {
        self.try_send(bytes).unwrap_or_else(|outcome| panic!("cannot send: {outcome:?}"));
        self
    }

    /// Sends `bytes`.
    ///
    /// # Errors
    ///
    /// Returns the outcome if the server does not accept the bytes.
    pub fn try_send(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let io = self.reader.io();
        io.write_all(bytes).and_then(|()| io.flush()).map_err(|error| Outcome::of(&error))
    }

    /// Sends a GET for `path`.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> &mut Client {
        self.send(&get(path))
    }

    /// Reads the next response.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.reader.answer().unwrap_or_else(|outcome| panic!("no answer: {outcome:?}"))
    }

    /// Reads the head of the next response.
    #[track_caller]
    pub fn head(&mut self) -> Answer {
        self.reader.head().unwrap_or_else(|outcome| panic!("no answer: {outcome:?}"))
    }

    /// Reads the next chunk of a streaming body. Returns `None` after the last chunk.
    #[track_caller]
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        self.reader.chunk().unwrap_or_else(|outcome| panic!("no chunk: {outcome:?}"))
    }

    /// Reads the next `length` bytes without parsing them.
    #[track_caller]
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        self.reader.take(length).unwrap_or_else(|outcome| panic!("no bytes: {outcome:?}"))
    }

    /// Reads the next response, and returns its outcome.
    pub fn outcome(&mut self) -> Outcome {
        self.reader.answer().map_or_else(|outcome| outcome, |answer| answer.outcome())
    }

    /// Waits until the server closes the connection, and returns the time that this took. Panics if the
    /// server sends a byte or a reset first.
    #[track_caller]
    pub fn closed(&mut self) -> Duration {
        let begun = Instant::now();
        match self.reader.read_to_end() {
            Ok(0) => begun.elapsed(),
            other => panic!("expected a clean end: {other:?}"),
        }
    }

    /// Waits until the connection ends, and ignores all bytes before the end. A reset counts as an end.
    pub fn gone(&mut self) {
        assert_ne!(self.reader.read_to_end(), Err(Outcome::TimedOut), "the connection stays");
    }
}
