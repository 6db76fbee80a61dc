//! The listener that `listen` gives.

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
#[cfg(unix)]
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

#[cfg(unix)]
use super::closing::UnixQueue;
use super::closing::{Closing, Sealed, TcpQueue};
use super::listener::{Listener, Peer};
#[cfg(unix)]
use super::socket_file::SocketFile;
use super::stream::Stream;

/// A listener of a TCP or a Unix socket, from [`listen`](super::listen()).
#[derive(Debug)]
pub struct SocketListener {
    /// Before the socket, because the file of a Unix socket is removed before the socket closes.
    pub(super) held: Arc<Held>,
    pub(super) socket: Socket,
}

/// What the listeners of one socket in this process share. The last of them empties the accept queue.
#[derive(Debug)]
pub(super) struct Held {
    holder: Holder,
    /// The socket for the next listener. Set before the first [`WeakListener`](super::WeakListener) exists.
    #[cfg(unix)]
    pub(super) spare: OnceLock<socket2::Socket>,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// Who holds the socket.
#[derive(Debug)]
enum Holder {
    /// This process alone.
    Sole,
    /// This process alone, which has also bound the file of the Unix socket.
    #[cfg(unix)]
    SoleWithFile(SocketFile),
    /// Another process too. This one has inherited the socket, and the other one goes on listening.
    #[cfg(unix)]
    Shared,
}

#[cfg(unix)]
impl Socket {
    pub(super) fn of(socket: socket2::Socket) -> io::Result<Socket> {
        socket.set_nonblocking(true)?;
        Ok(match socket.local_addr()?.domain() {
            socket2::Domain::UNIX => Socket::Unix(UnixListener::from_std(socket.into())?),
            _ => Socket::Tcp(TcpListener::from_std(socket.into())?),
        })
    }

    /// Returns another descriptor of the same socket.
    pub(super) fn duplicate(&self) -> io::Result<socket2::Socket> {
        match self {
            Socket::Tcp(listener) => socket2::SockRef::from(listener).try_clone(),
            Socket::Unix(listener) => socket2::SockRef::from(listener).try_clone(),
        }
    }
}

impl SocketListener {
    fn new(holder: Holder, socket: Socket) -> SocketListener {
        let held = Held {
            holder,
            #[cfg(unix)]
            spare: OnceLock::new(),
        };
        SocketListener { held: Arc::new(held), socket }
    }

    #[cfg(unix)]
    pub(super) fn inherit(socket: socket2::Socket) -> io::Result<SocketListener> {
        Ok(SocketListener::new(Holder::Shared, Socket::of(socket)?))
    }

    #[cfg(unix)]
    pub(super) fn unix(listener: UnixListener, path: &Path) -> io::Result<SocketListener> {
        Ok(SocketListener::new(Holder::SoleWithFile(SocketFile::of(path)?), Socket::Unix(listener)))
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
        SocketListener::new(Holder::Sole, Socket::Tcp(listener))
    }

    /// Returns the address where it listens, with the port that the kernel chose for port 0.
    ///
    /// # Errors
    ///
    /// If it is a Unix socket. Its [`Display`](fmt::Display) shows its path.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr(),
            #[cfg(unix)]
            Socket::Unix(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "a Unix socket has no IP address"))
            }
        }
    }

    /// Whether the listener was inherited, and not bound by this process. Always false on Windows.
    pub fn is_inherited(&self) -> bool {
        match self.held.holder {
            Holder::Sole => false,
            #[cfg(unix)]
            Holder::SoleWithFile(_) => false,
            #[cfg(unix)]
            Holder::Shared => true,
        }
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
        Poll::Ready(Ok(match &mut self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = ready!(Listener::poll_accept(listener, cx))?;
                (Stream::Tcp(stream), peer)
            }
            #[cfg(unix)]
            Socket::Unix(listener) => {
                let (stream, peer) = ready!(Listener::poll_accept(listener, cx))?;
                (Stream::Unix(stream), peer)
            }
        }))
    }

    fn address(&self) -> String {
        match &self.socket {
            Socket::Tcp(listener) => listener.address(),
            #[cfg(unix)]
            Socket::Unix(listener) => listener.address(),
        }
    }

    fn begin_closing(self, _: Sealed) -> Option<Box<dyn Closing<Stream>>> {
        // If another listener of this process has the same socket, it goes on with the queue. `into_inner` returns the value
        // to exactly one of the listeners, also if all of them close at once.
        match Arc::into_inner(self.held)?.holder {
            Holder::Sole => {}
            #[cfg(unix)]
            Holder::SoleWithFile(file) => drop(file),
            #[cfg(unix)]
            Holder::Shared => return None,
        }
        Some(Box::new(match self.socket {
            Socket::Tcp(listener) => Queue::Tcp(TcpQueue::sole(listener)),
            #[cfg(unix)]
            Socket::Unix(listener) => Queue::Unix(UnixQueue::sole(listener)),
        }))
    }
}

enum Queue {
    Tcp(TcpQueue),
    #[cfg(unix)]
    Unix(UnixQueue),
}

impl Closing<Stream> for Queue {
    fn try_accept(&mut self) -> io::Result<Option<(Stream, Peer)>> {
        Ok(match self {
            Queue::Tcp(queue) => queue.try_accept()?.map(|(stream, peer)| (Stream::Tcp(stream), peer)),
            #[cfg(unix)]
            Queue::Unix(queue) => queue.try_accept()?.map(|(stream, peer)| (Stream::Unix(stream), peer)),
        })
    }

    fn is_sole(&self) -> bool {
        match self {
            Queue::Tcp(queue) => queue.is_sole(),
            #[cfg(unix)]
            Queue::Unix(queue) => queue.is_sole(),
        }
    }
}
