//! Listeners that are bound here, or inherited.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd as _, RawFd};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::decoy::Decoy;
use super::inherited;
use super::listener::{Listener, Peer};
use super::socket;

/// A listener from [`listen`]: of TCP or of a Unix socket, bound or inherited.
#[derive(Debug)]
pub struct Listening {
    socket: Socket,
    /// Somebody else holds the socket, and goes on listening.
    inherited: bool,
    /// The socket's file, which goes with the listener.
    file: Option<SocketFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Listens at `address`: `127.0.0.1:8080`, `[::]:8080`, `localhost:0`, or `unix:/run/service.sock`.
///
/// A listener that the process inherited is used where there is one (systemd socket activation: `LISTEN_FDS`,
/// `LISTEN_PID`, `LISTEN_FDNAMES`): the one that is bound to this address, or the only one there is. Its queue belongs
/// to whoever handed it over, so a restart refuses nobody: when the drain begins it is left as it is, for the next
/// process. Each inherited listener is given out once.
///
/// What is bound here has `SO_REUSEADDR`, so that a restart need not wait for old connections, a queue of 4,096, and
/// `TCP_NODELAY` for its connections. The file of a Unix socket is replaced if nobody listens at it, and removed when
/// the listener closes.
///
/// # Errors
///
/// If the address cannot be bound, or if several listeners were inherited and none of them is bound to it; see
/// [`listen_as`]. The message names the address.
///
/// # Examples
///
/// ```
/// # #[lifecycle::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = lifecycle::net::listen("127.0.0.1:0").await?;
/// println!("listening at http://{listener}");
/// # Ok(())
/// # }
/// ```
pub async fn listen(address: &str) -> io::Result<Listening> {
    match inherited::take_bound_to(address)? {
        Some(socket) => Listening::inherit(socket),
        None => bind(address).await,
    }
    .map_err(|error| at(address, &error))
}

/// [`listen`], by the name that a socket was given where it comes from (systemd: `FileDescriptorName=`), whatever it is
/// bound to there. Without an inherited socket of that name it binds `address`.
///
/// # Errors
///
/// As [`listen`].
pub async fn listen_as(name: &str, address: &str) -> io::Result<Listening> {
    match inherited::take_named(name)? {
        Some(socket) => Listening::inherit(socket),
        None => bind(address).await,
    }
    .map_err(|error| at(address, &error))
}

fn at(address: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen at `{address}`: {error}"))
}

/// How many connections wait in a queue, at most; the kernel may know a lower limit.
const QUEUE: i32 = 4096;

async fn bind(address: &str) -> io::Result<Listening> {
    if let Some(path) = address.strip_prefix("unix:") {
        return bind_unix(Path::new(path));
    }
    let mut error = io::Error::new(io::ErrorKind::InvalidInput, "no such host");
    for address in tokio::net::lookup_host(address).await? {
        match bind_tcp(address) {
            Ok(listener) => {
                return Ok(Listening { socket: Socket::Tcp(listener), inherited: false, file: None });
            }
            Err(failed) => error = failed,
        }
    }
    Err(error)
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // A connection takes it over from its listener, which saves a system call each.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(QUEUE)?;
    TcpListener::from_std(socket.into())
}

fn bind_unix(path: &Path) -> io::Result<Listening> {
    let bound = UnixListener::bind(path).or_else(|error| {
        // A file that is left over from a process that was killed: nobody answers there.
        let left_over = error.kind() == io::ErrorKind::AddrInUse
            && std::os::unix::net::UnixStream::connect(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if !left_over {
            return Err(error);
        }
        std::fs::remove_file(path)?;
        UnixListener::bind(path)
    })?;
    let file = SocketFile::of(path)?;
    Ok(Listening { socket: Socket::Unix(bound), inherited: false, file: Some(file) })
}

impl Listening {
    fn inherit(socket: socket2::Socket) -> io::Result<Listening> {
        socket.set_nonblocking(true)?;
        let socket = match socket.domain()? {
            socket2::Domain::UNIX => Socket::Unix(UnixListener::from_std(socket.into())?),
            _ => Socket::Tcp(TcpListener::from_std(socket.into())?),
        };
        Ok(Listening { socket, inherited: true, file: None })
    }

    /// A listener that was bound here, with options of its own, and that no other process holds: so nobody is let in
    /// while it closes. Of a plain [`TcpListener`] that cannot be known, so it is closed behind a [`Decoy`]; where it
    /// shares its port with others (`SO_REUSEPORT`), or that port is a privileged one and the privilege has been
    /// dropped, there can be none, and a client that comes in the microseconds in which it closes is reset.
    pub fn sole(listener: TcpListener) -> Listening {
        Listening { socket: Socket::Tcp(listener), inherited: false, file: None }
    }

    /// Where it listens, with the port that the kernel chose for port 0.
    ///
    /// # Errors
    ///
    /// If it is a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr(),
            Socket::Unix(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "a Unix socket has no such address"))
            }
        }
    }

    /// Whether it was inherited, and not bound by this process.
    pub fn is_inherited(&self) -> bool {
        self.inherited
    }
}

/// Its address: `127.0.0.1:8080`, or the path of a Unix socket.
impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

impl Listener for Listening {
    type Io = Stream;

    const IS_PLAIN: bool = true;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        Poll::Ready(Ok(match &mut self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = ready!(Listener::poll_accept(listener, cx))?;
                (Stream::Tcp(stream), peer)
            }
            Socket::Unix(listener) => {
                let (stream, peer) = ready!(Listener::poll_accept(listener, cx))?;
                (Stream::Unix(stream), peer)
            }
        }))
    }

    fn try_accept(&mut self) -> io::Result<Option<(Stream, Peer)>> {
        Ok(match &mut self.socket {
            Socket::Tcp(listener) => listener.try_accept()?.map(|(stream, peer)| (Stream::Tcp(stream), peer)),
            Socket::Unix(listener) => {
                listener.try_accept()?.map(|(stream, peer)| (Stream::Unix(stream), peer))
            }
        })
    }

    fn refuse_new(&mut self) -> Option<Decoy> {
        if self.inherited {
            return None;
        }
        match &mut self.socket {
            // Nobody else holds what was bound here, so it is never undone, and needs no decoy. Where it fails a client
            // may be reset, which is no reason not to stop.
            Socket::Tcp(listener) => drop(socket::refuse_new(listener)),
            // Nobody finds it without its file.
            Socket::Unix(_) => self.file = None,
        }
        None
    }

    fn is_sole(&self) -> bool {
        !self.inherited
    }

    fn is_handed_on(&self) -> bool {
        self.inherited
    }

    fn address(&self) -> String {
        match &self.socket {
            Socket::Tcp(listener) => listener.address(),
            Socket::Unix(listener) => listener.address(),
        }
    }

    fn descriptor(io: &Stream) -> Option<RawFd> {
        Some(match io {
            Stream::Tcp(stream) => stream.as_raw_fd(),
            Stream::Unix(stream) => stream.as_raw_fd(),
        })
    }
}

/// The file of a Unix socket that this process has bound. Removed when it is dropped, unless another process has put
/// its own in its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile { path: std::path::absolute(path)?, identity: Self::identity(path)? })
    }

    fn identity(path: &Path) -> io::Result<(u64, u64)> {
        use std::os::unix::fs::MetadataExt as _;

        let file = std::fs::symlink_metadata(path)?;
        Ok((file.dev(), file.ino()))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if Self::identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            // Whoever comes next replaces it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A connection of a [`Listening`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    Unix(UnixStream),
}

/// Does the same to whichever it is.
macro_rules! either {
    ($stream:expr, $io:ident => $then:expr) => {
        match $stream.get_mut() {
            Stream::Tcp($io) => $then,
            Stream::Unix($io) => $then,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        // Both can.
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_shutdown(cx))
    }
}
