//! A client that sends what it is told, when it is told, and nothing else.

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

/// A GET for `path`.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").into_bytes()
}

/// One connection. Nothing is read before it is asked for, and nothing takes longer than [`PATIENCE`].
pub struct Client {
    reader: Reader<Box<dyn Stream>>,
}

impl Client {
    /// A connection over TCP.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Client {
        Client::try_connect(address).unwrap_or_else(|outcome| panic!("cannot connect: {outcome:?}"))
    }

    /// A connection over TCP, if somebody listens.
    ///
    /// # Errors
    ///
    /// What became of it instead.
    pub fn try_connect(address: SocketAddr) -> Result<Client, Outcome> {
        let stream = TcpStream::connect(address).map_err(|error| Outcome::of(&error))?;
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Ok(Client::over(stream))
    }

    /// A GET for `path` on a connection of its own: what becomes of it.
    pub fn ask_once(address: SocketAddr, path: &str) -> Outcome {
        let asked = Client::try_connect(address).and_then(|mut client| {
            client.try_send(&get(path))?;
            Ok(client.outcome())
        });
        asked.unwrap_or_else(|outcome| outcome)
    }

    /// A connection over a Unix socket.
    #[track_caller]
    pub fn connect_unix(path: &Path) -> Client {
        let stream = UnixStream::connect(path).expect("somebody listens at the socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Client::over(stream)
    }

    /// A connection that is there, with time-outs of its own.
    pub fn over(stream: impl Read + Write + Send + 'static) -> Client {
        Client { reader: Reader::new(Box::new(stream)) }
    }

    /// Sends `bytes`.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) -> &mut Client {
        self.try_send(bytes).unwrap_or_else(|outcome| panic!("cannot send: {outcome:?}"));
        self
    }

    /// Sends `bytes`, if they are taken.
    ///
    /// # Errors
    ///
    /// What became of it instead.
    pub fn try_send(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let io = self.reader.io();
        io.write_all(bytes).and_then(|()| io.flush()).map_err(|error| Outcome::of(&error))
    }

    /// Sends a GET for `path`.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> &mut Client {
        self.send(&get(path))
    }

    /// The next answer.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.reader.answer().unwrap_or_else(|outcome| panic!("no answer: {outcome:?}"))
    }

    /// The next answer's head.
    #[track_caller]
    pub fn head(&mut self) -> Answer {
        self.reader.head().unwrap_or_else(|outcome| panic!("no answer: {outcome:?}"))
    }

    /// The next chunk of a streaming body; `None` behind the last one.
    #[track_caller]
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        self.reader.chunk().unwrap_or_else(|outcome| panic!("no chunk: {outcome:?}"))
    }

    /// The next `length` bytes, whatever they are.
    #[track_caller]
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        self.reader.take(length).unwrap_or_else(|outcome| panic!("no bytes: {outcome:?}"))
    }

    /// What becomes of the next answer.
    pub fn outcome(&mut self) -> Outcome {
        self.reader.answer().map_or_else(|outcome| outcome, |answer| answer.outcome())
    }

    /// Waits until the server closes the connection: how long that took. It must not send anything before, nor reset
    /// it.
    #[track_caller]
    pub fn closed(&mut self) -> Duration {
        let begun = Instant::now();
        match self.reader.read_to_end() {
            Ok(0) => begun.elapsed(),
            other => panic!("expected a clean end: {other:?}"),
        }
    }

    /// Waits until the connection ends, in whatever way, and ignores what comes before.
    pub fn gone(&mut self) {
        assert_ne!(self.reader.read_to_end(), Err(Outcome::TimedOut), "the connection stays");
    }
}
