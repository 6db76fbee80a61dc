//! A client that sends and reads only when a test calls it.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::Path;
use std::time::{Duration, Instant};

use super::outcome::Outcome;
use super::response::{Reader, Response};

/// The time-out of each operation. The kernel sends a dropped packet of a handshake again after 1 s, and after 3 s.
const TIME_OUT: Duration = Duration::from_secs(60);

/// What a connection runs over. Each client has one descriptor, because a test may have thousands of clients.
enum Stream {
    Tcp(TcpStream),
    Other(Box<dyn Both>),
}

trait Both: Read + Write + Send {}
impl<S: Read + Write + Send> Both for S {}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(space),
            Stream::Other(stream) => stream.read(space),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Other(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.flush(),
            Stream::Other(stream) => stream.flush(),
        }
    }
}

/// One connection of a client, over which a test sends any bytes at any instant.
///
/// The client never repeats a request, so that a test sees each one that is lost. Each operation has a time-out of 60 s.
///
/// # Examples
///
/// Half a head before the stop, and the rest in the lame duck:
///
/// ```no_run
/// # fn test(service: &mut lifecycle::testing::Service) {
/// use lifecycle::testing::{Client, Outcome};
///
/// let mut client = Client::connect(service.socket_address());
/// client.send(b"GET / HTTP/1.1\r\nHo");
/// service.terminate();
/// client.send(b"st: shop\r\n\r\n");
/// assert_eq!(client.outcome(), Outcome::AnsweredLast);
/// # }
/// ```
pub struct Client {
    reader: Reader<Stream>,
}

/// Returns the bytes of a GET request for `path`, which is sent in one write.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").into_bytes()
}

impl Client {
    /// Opens a TCP connection.
    ///
    /// # Panics
    ///
    /// If nobody listens.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Client {
        require(Client::try_connect(address), format_args!("cannot connect to {address}"))
    }

    /// Opens a TCP connection if a server listens.
    ///
    /// # Errors
    ///
    /// Returns the outcome if the connection fails.
    pub fn try_connect(address: SocketAddr) -> Result<Client, Outcome> {
        let open = || {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(TIME_OUT))?;
            stream.set_write_timeout(Some(TIME_OUT))?;
            Ok(Client { reader: Reader::new(Stream::Tcp(stream)) })
        };
        open().map_err(|error: io::Error| Outcome::of(&error))
    }

    /// Opens a connection over a Unix socket.
    ///
    /// # Panics
    ///
    /// If nobody listens.
    #[cfg(unix)]
    #[track_caller]
    pub fn connect_unix(path: &Path) -> Client {
        let stream = UnixStream::connect(path).expect("somebody listens at the socket");
        stream.set_read_timeout(Some(TIME_OUT)).expect("a socket");
        Client::over(stream)
    }

    /// Wraps an open stream, such as one of TLS. The stream has its own time-outs.
    pub fn over(stream: impl Read + Write + Send + 'static) -> Client {
        Client { reader: Reader::new(Stream::Other(Box::new(stream))) }
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
    ///
    /// # Panics
    ///
    /// Panics without a response.
    #[track_caller]
    pub fn request(address: SocketAddr, method: &str, path: &str) -> Response {
        let mut client = Client::connect(address);
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).response()
    }

    /// Returns the status of a GET for `path` on a new connection. `None` without a response.
    #[cfg(unix)]
    pub(super) fn status(address: SocketAddr, path: &str) -> Option<u16> {
        let mut client = Client::try_connect(address).ok()?;
        client.try_send(&get(path)).ok()?;
        client.try_response().ok().map(|response| response.status)
    }

    /// Sends `bytes`.
    ///
    /// # Panics
    ///
    /// If the connection is broken.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) -> &mut Client {
        require(self.try_send(bytes), "cannot send");
        self
    }

    /// Sends `bytes`.
    ///
    /// # Errors
    ///
    /// Returns the outcome if the connection is broken.
    pub fn try_send(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let io = self.reader.io();
        io.write_all(bytes).and_then(|()| io.flush()).map_err(|error| Outcome::of(&error))
    }

    /// Sends a GET for `path`.
    ///
    /// # Panics
    ///
    /// If the connection is broken.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> &mut Client {
        self.send(&get(path))
    }

    /// Reads the next response.
    ///
    /// # Panics
    ///
    /// Panics without one.
    #[track_caller]
    pub fn response(&mut self) -> Response {
        require(self.try_response(), "no response")
    }

    /// Reads the next response.
    ///
    /// # Errors
    ///
    /// Returns the outcome in place of a response.
    pub fn try_response(&mut self) -> Result<Response, Outcome> {
        self.reader.response()
    }

    /// Reads the head of the next response.
    ///
    /// # Panics
    ///
    /// Panics without one.
    #[track_caller]
    pub fn head(&mut self) -> Response {
        require(self.reader.head(), "no response")
    }

    /// Reads the next chunk of a streaming body. Returns `None` after the last chunk.
    ///
    /// # Panics
    ///
    /// If the connection ends before.
    #[track_caller]
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        require(self.reader.chunk(), "no chunk")
    }

    /// Reads the next `length` bytes without parsing them.
    ///
    /// # Panics
    ///
    /// If the connection ends before.
    #[track_caller]
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        require(self.reader.take(length), "no bytes")
    }

    /// Reads the next response, and returns its outcome.
    pub fn outcome(&mut self) -> Outcome {
        self.try_response().map_or_else(|outcome| outcome, |response| response.outcome())
    }

    /// Reads as many bytes as `answer` has, and returns the outcome: `Answered`, or `Wrong` if they are other bytes.
    pub(super) fn answer(&mut self, answer: &[u8]) -> Outcome {
        match self.reader.first(answer.len()) {
            Ok(bytes) if bytes == answer => Outcome::Answered,
            Ok(_) => Outcome::Wrong,
            Err(outcome) => outcome,
        }
    }

    /// Waits until the server closes the connection, and returns the time that this took.
    ///
    /// # Panics
    ///
    /// If the server sends a byte or a reset first.
    #[track_caller]
    pub fn closed(&mut self) -> Duration {
        let begun = Instant::now();
        match self.reader.read_to_end() {
            Ok(0) => begun.elapsed(),
            other => panic!("expected a clean end: {other:?}"),
        }
    }

    /// Waits until the connection ends, and ignores all bytes before the end. A reset counts as an end.
    ///
    /// # Panics
    ///
    /// If the connection stays open.
    #[track_caller]
    pub fn gone(&mut self) {
        assert_ne!(self.reader.read_to_end(), Err(Outcome::TimedOut), "the connection stays open");
    }

    /// Waits for `pause`. Returns whether the server has left the connection open, and has sent nothing.
    pub(super) fn is_open_after(&mut self, pause: Duration) -> bool {
        let Stream::Tcp(socket) = self.reader.io() else { return true };
        let quiet = || -> io::Result<bool> {
            socket.set_read_timeout(Some(pause.max(Duration::from_millis(1))))?;
            let seen = socket.peek(&mut [0]);
            socket.set_read_timeout(Some(TIME_OUT))?;
            match seen {
                Err(error) if Outcome::of(&error) == Outcome::TimedOut => Ok(true),
                Err(error) => Err(error),
                Ok(_) => Ok(false),
            }
        };
        quiet().unwrap_or(false)
    }
}

/// Returns the value. The panic names the line of the test, which it would not in a closure.
#[track_caller]
fn require<T>(result: Result<T, Outcome>, what: impl fmt::Display) -> T {
    match result {
        Ok(value) => value,
        Err(outcome) => panic!("{what}: {outcome}"),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
