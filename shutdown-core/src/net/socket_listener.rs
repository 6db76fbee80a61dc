//! The listener that `listen` gives.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, UnixListener};

use super::closing::{Closing, Sealed, TcpQueue, UnixQueue};
use super::listener::{Listener, Peer};
use super::stream::Stream;

/// A listener of a TCP or a Unix socket, from [`listen`](super::listen()).
#[derive(Debug)]
pub struct SocketListener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    /// The file goes with the listener. It is the first to be dropped.
    Unix(SocketFile, UnixListener),
    /// Another process holds the socket too, and goes on listening.
    Inherited(InheritedKind),
}

#[derive(Debug)]
enum InheritedKind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl SocketListener {
    pub(super) fn inherit(socket: socket2::Socket) -> io::Result<SocketListener> {
        socket.set_nonblocking(true)?;
        let kind = match socket.domain()? {
            socket2::Domain::UNIX => InheritedKind::Unix(UnixListener::from_std(socket.into())?),
            _ => InheritedKind::Tcp(TcpListener::from_std(socket.into())?),
        };
        Ok(SocketListener(Kind::Inherited(kind)))
    }

    pub(super) fn unix(listener: UnixListener, path: &Path) -> io::Result<SocketListener> {
        Ok(SocketListener(Kind::Unix(SocketFile::of(path)?, listener)))
    }

    /// Wraps a TCP listener that no other process holds, for one that was bound with options of your own.
    ///
    /// The kernel then refuses new connections for good when the drain begins. Of a plain [`TcpListener`] nobody can
    /// know who else holds it, so the kernel refuses new connections only until that listener has closed. That leaves a
    /// gap of some microseconds, in which a new client can be reset, in two cases: the listener shares its port
    /// (`SO_REUSEPORT`), or the port is below 1024 and the process has dropped the privilege to bind it.
    ///
    /// Do not use it for a listener that another process holds too: that process gets no connections any more.
    pub fn sole(listener: TcpListener) -> SocketListener {
        SocketListener(Kind::Tcp(listener))
    }

    /// Returns the address where it listens, with the port that the kernel chose for port 0.
    ///
    /// # Errors
    ///
    /// If it is a Unix socket. Its [`Display`](fmt::Display) shows its path.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Kind::Tcp(listener) | Kind::Inherited(InheritedKind::Tcp(listener)) => listener.local_addr(),
            Kind::Unix(..) | Kind::Inherited(InheritedKind::Unix(_)) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "a Unix socket has no IP address"))
            }
        }
    }

    /// Whether the listener was inherited, and not bound by this process.
    pub fn is_inherited(&self) -> bool {
        matches!(self.0, Kind::Inherited(_))
    }
}

/// Writes its address: `127.0.0.1:8080`, or the path of a Unix socket.
impl fmt::Display for SocketListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

impl Listener for SocketListener {
    type Io = Stream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        Poll::Ready(Ok(match &mut self.0 {
            Kind::Tcp(listener) | Kind::Inherited(InheritedKind::Tcp(listener)) => {
                let (stream, peer) = ready!(Listener::poll_accept(listener, cx))?;
                (Stream::Tcp(stream), peer)
            }
            Kind::Unix(_, listener) | Kind::Inherited(InheritedKind::Unix(listener)) => {
                let (stream, peer) = ready!(Listener::poll_accept(listener, cx))?;
                (Stream::Unix(stream), peer)
            }
        }))
    }

    fn address(&self) -> String {
        match &self.0 {
            Kind::Tcp(listener) | Kind::Inherited(InheritedKind::Tcp(listener)) => listener.address(),
            Kind::Unix(_, listener) | Kind::Inherited(InheritedKind::Unix(listener)) => listener.address(),
        }
    }

    fn begin_closing(self, _: Sealed) -> Option<Box<dyn Closing<Stream>>> {
        match self.0 {
            Kind::Inherited(_) => None,
            Kind::Tcp(listener) => Some(Box::new(Queue::Tcp(TcpQueue::sole(listener)))),
            Kind::Unix(file, listener) => {
                drop(file);
                Some(Box::new(Queue::Unix(UnixQueue::sole(listener))))
            }
        }
    }
}

enum Queue {
    Tcp(TcpQueue),
    Unix(UnixQueue),
}

impl Closing<Stream> for Queue {
    fn try_accept(&mut self) -> io::Result<Option<(Stream, Peer)>> {
        Ok(match self {
            Queue::Tcp(queue) => queue.try_accept()?.map(|(stream, peer)| (Stream::Tcp(stream), peer)),
            Queue::Unix(queue) => queue.try_accept()?.map(|(stream, peer)| (Stream::Unix(stream), peer)),
        })
    }

    fn is_sole(&self) -> bool {
        match self {
            Queue::Tcp(queue) => queue.is_sole(),
            Queue::Unix(queue) => queue.is_sole(),
        }
    }
}

/// The file of a Unix socket that this process has bound. It is removed when this is dropped, unless another process has
/// put a file of its own in its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: FileIdentity,
}

#[derive(Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile { path: std::path::absolute(path)?, identity: FileIdentity::of(path)? })
    }
}

impl FileIdentity {
    fn of(path: &Path) -> io::Result<FileIdentity> {
        use std::os::unix::fs::MetadataExt as _;

        let file = std::fs::symlink_metadata(path)?;
        Ok(FileIdentity { device: file.dev(), inode: file.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if FileIdentity::of(&self.path).is_ok_and(|identity| identity == self.identity) {
            // If this fails, the next process replaces the file.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
