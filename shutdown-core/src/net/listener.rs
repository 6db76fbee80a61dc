//! What accepts connections: tokio's listeners, and whatever a user brings.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd as _, RawFd};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::decoy::Decoy;
use super::socket;

/// What accepts connections, for [`serve`](super::serve) and [`http::serve`](crate::http::serve).
///
/// Implemented for tokio's [`TcpListener`] and [`UnixListener`], and for what [`listen`](super::listen) gives. An own one needs
/// [`poll_accept`](Listener::poll_accept) and [`address`](Listener::address); the rest is what makes its end lossless.
/// For TLS no own one is needed: see [`Server::handshake`](crate::http::Server::handshake).
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Whether a connection is no more than a socket: it has nothing to say when it closes, as TLS has.
    const IS_PLAIN: bool = false;

    /// Accepts one connection. Must be cancel safe: what it took out of the queue, it returns.
    ///
    /// # Errors
    ///
    /// Those of the kernel. What concerns one connection only, and want of descriptors or memory, is survived.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Peer)>>;

    /// Accepts what is in the queue now; `None` if it is empty. To be asked of the kernel, where that is possible: an
    /// event that the runtime has not seen yet is a connection that is lost.
    ///
    /// # Errors
    ///
    /// As [`poll_accept`](Listener::poll_accept).
    fn try_accept(&mut self) -> io::Result<Option<(Self::Io, Peer)>> {
        match self.poll_accept(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(accepted) => accepted.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// From now on the kernel is to let nobody into the queue who is new: it is about to be emptied for the last time.
    /// A [`Decoy`] that this gives is kept until the listener has closed. A listener around another one hands on what
    /// that one gives.
    fn refuse_new(&mut self) -> Option<Decoy> {
        None
    }

    /// Closes it. Others may hold the same socket, so what [`refuse_new`](Listener::refuse_new) did to it is undone; but
    /// as late as can be, for where there is no decoy, whoever is let in now is lost.
    fn close(self)
    where
        Self: Sized,
    {
    }

    /// Whether nobody else holds the socket: then, while other connections are at work, it is kept a little longer
    /// behind [`refuse_new`](Listener::refuse_new), for those whose handshake takes its time.
    fn is_sole(&self) -> bool {
        false
    }

    /// Whether the queue outlives this listener, in another process that holds it: then it is left as it is.
    fn is_handed_on(&self) -> bool {
        false
    }

    /// Where it listens, for logs and reports.
    fn address(&self) -> String;

    /// The socket under a connection, to ask how many bytes wait there.
    fn descriptor(io: &Self::Io) -> Option<RawFd> {
        let _ = io;
        None
    }
}

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// Of TCP.
    Ip(SocketAddr),
    /// Of a Unix socket, whose clients have no names.
    Local,
    /// Of a listener of the user's.
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

    const IS_PLAIN: bool = true;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Peer)>> {
        let (stream, peer) = ready!(TcpListener::poll_accept(self, cx))?;
        Poll::Ready(Ok((stream, Peer::Ip(peer))))
    }

    fn try_accept(&mut self) -> io::Result<Option<(TcpStream, Peer)>> {
        let Some((socket, peer)) = socket::accept(self)? else { return Ok(None) };
        let peer = peer.as_socket().map_or(Peer::Local, Peer::Ip);
        Ok(Some((TcpStream::from_std(socket.into())?, peer)))
    }

    fn refuse_new(&mut self) -> Option<Decoy> {
        let decoy = Decoy::before(self);
        // Where both fail a client may be reset, which is no reason not to stop.
        let _ = socket::refuse_new(self);
        decoy
    }

    fn close(self) {
        // Out of the runtime's hands first, so that nothing is between the two but the way out of the kernel and back.
        if let Ok(listener) = self.into_std() {
            let _ = socket::admit_new(&listener);
        }
    }

    fn address(&self) -> String {
        self.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string())
    }

    fn descriptor(io: &TcpStream) -> Option<RawFd> {
        Some(io.as_raw_fd())
    }
}

impl Listener for UnixListener {
    type Io = UnixStream;

    const IS_PLAIN: bool = true;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, Peer)>> {
        let (stream, _) = ready!(UnixListener::poll_accept(self, cx))?;
        Poll::Ready(Ok((stream, Peer::Local)))
    }

    fn try_accept(&mut self) -> io::Result<Option<(UnixStream, Peer)>> {
        let Some((socket, _)) = socket::accept(self)? else { return Ok(None) };
        Ok(Some((UnixStream::from_std(socket.into())?, Peer::Local)))
    }

    fn address(&self) -> String {
        let path = |address: tokio::net::unix::SocketAddr| Some(address.as_pathname()?.display().to_string());
        self.local_addr().ok().and_then(path).unwrap_or_else(|| "a Unix socket".to_owned())
    }

    fn descriptor(io: &UnixStream) -> Option<RawFd> {
        Some(io.as_raw_fd())
    }
}
