//! What accepts connections: tokio's listeners, and a user's own.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

#[cfg(unix)]
use super::closing::UnixQueue;
use super::closing::{Closing, OtherQueue, Sealed, TcpQueue};

/// A source of connections for [`serve`](super::serve()) and `http::serve`.
///
/// Implemented for tokio's [`TcpListener`] and [`UnixListener`], and for [`SocketListener`](super::SocketListener). TLS
/// needs no implementation of its own: see `http::Server::handshake`.
///
/// # Your own listener
///
/// To implement it, provide [`poll_accept`](Listener::poll_accept) and [`address`](Listener::address). What your own
/// listener does not get:
///
/// - The kernel goes on accepting while the listener closes. A client that connects in that moment can be reset, so use
///   a lame duck.
/// - The accept queue is emptied through `poll_accept`, for 2 ms at least. A connection that the runtime has not
///   reported by then is lost.
/// - If `Io` is not a tokio `TcpStream` or `UnixStream`, a server cannot ask the kernel for unread bytes. An HTTP server then
///   loses a request that arrives on an idle connection in the moment in which it closes. `net::serve` keeps such a
///   connection open for the first 100 ms of the drain.
///
/// ```
/// use std::io;
/// use std::task::{Context, Poll, ready};
///
/// use lifecycle::net::{Listener, Peer};
/// use tokio::net::{TcpListener, TcpStream};
///
/// /// Disables Nagle's algorithm for each connection.
/// struct NoDelay(TcpListener);
///
/// impl Listener for NoDelay {
///     type Io = TcpStream;
///
///     fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Peer)>> {
///         let (stream, address) = ready!(self.0.poll_accept(cx))?;
///         stream.set_nodelay(true)?;
///         Poll::Ready(Ok((stream, Peer::Ip(address))))
///     }
///
///     fn address(&self) -> String {
///         self.0.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string())
///     }
/// }
/// ```
pub trait Listener: Send + 'static {
    /// The type of a connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Accepts one connection.
    ///
    /// # Errors
    ///
    /// Returns the error of the kernel. An error of one connection, and a lack of descriptors or memory, do not end the
    /// server. `EBADF`, `EINVAL`, `ENOTSOCK`, `EOPNOTSUPP` and `EFAULT` do.
    ///
    /// # Cancel safety
    ///
    /// Has to be cancel safe: a connection that was taken out of the accept queue is returned by this call or a later
    /// one.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Peer)>>;

    /// Returns the address where it listens, for logs and reports.
    fn address(&self) -> String;

    /// Stops accepting new connections, and gives what is left of the accept queue. `None` if another process takes
    /// over the queue as it is.
    #[doc(hidden)]
    fn begin_closing(self, _: Sealed) -> Option<Box<dyn Closing<Self::Io>>>
    where
        Self: Sized,
    {
        Some(Box::new(OtherQueue(self)))
    }
}

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// The address of a TCP client.
    Ip(SocketAddr),
    /// A client of a Unix socket. Such clients have no address.
    Local,
    /// The name that your own listener gives to its client.
    Named(String),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Ip(address) => write!(f, "{address}"),
            Peer::Local => f.write_str("a local client"),
            Peer::Named(name) => f.write_str(name),
        }
    }
}

impl Listener for TcpListener {
    type Io = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Peer)>> {
        let (stream, peer) = ready!(TcpListener::poll_accept(self, cx))?;
        Poll::Ready(Ok((stream, Peer::Ip(peer))))
    }

    fn address(&self) -> String {
        self.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string())
    }

    fn begin_closing(self, _: Sealed) -> Option<Box<dyn Closing<TcpStream>>> {
        Some(Box::new(TcpQueue::shared(self)))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Io = UnixStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, Peer)>> {
        let (stream, _) = ready!(UnixListener::poll_accept(self, cx))?;
        Poll::Ready(Ok((stream, Peer::Local)))
    }

    fn address(&self) -> String {
        let path = |address: tokio::net::unix::SocketAddr| Some(address.as_pathname()?.display().to_string());
        self.local_addr().ok().and_then(path).unwrap_or_else(|| "a Unix socket".to_owned())
    }

    fn begin_closing(self, _: Sealed) -> Option<Box<dyn Closing<UnixStream>>> {
        Some(Box::new(UnixQueue::shared(self)))
    }
}
