//! A listener that is closing: the kernel accepts nobody new, and the accept queue is emptied.
//!
//! Dropping any of these closes the listener, also in the middle of its queue: the user may drop the server at any time.

use std::io;
use std::task::{Context, Poll, Waker};

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::decoy::Decoy;
use super::kernel;
use super::listener::{Listener, Peer};

/// An argument that only this crate can pass. It seals [`Listener::begin_closing`].
#[derive(Debug)]
pub struct Sealed(pub(super) Why);

/// Why a listener closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The service stops. Another process may follow.
    Stop,
    /// The server ends alone, and the service goes on.
    ServerEnds,
}

impl Sealed {
    pub(super) fn new(why: Why) -> Sealed {
        Sealed(why)
    }
}

/// The accept queue of a listener that is closing.
pub trait Closing<Io>: Send {
    /// Accepts a connection that is in the queue now. `None` if the queue is empty.
    ///
    /// # Errors
    ///
    /// As [`Listener::poll_accept`].
    fn try_accept(&mut self) -> io::Result<Option<(Io, Peer)>>;

    /// Whether no other process holds the socket. Then the listener can stay open a little longer, for handshakes that
    /// take their time.
    fn is_sole(&self) -> bool {
        false
    }

    /// Whether the kernel goes on accepting for the next process, so that the queue may never be empty.
    fn is_handed_on(&self) -> bool {
        false
    }
}

/// Accepts without the runtime, which may not know of the connection yet.
pub(super) fn accept_tcp(listener: &TcpListener) -> io::Result<Option<(TcpStream, Peer)>> {
    let Some((socket, peer)) = kernel::accept(listener)? else { return Ok(None) };
    let peer = peer.as_socket().map_or(Peer::Local, Peer::Ip);
    Ok(Some((TcpStream::from_std(socket.into())?, peer)))
}

/// Accepts without the runtime, which may not know of the connection yet.
#[cfg(unix)]
pub(super) fn accept_unix(listener: &UnixListener) -> io::Result<Option<(UnixStream, Peer)>> {
    let Some((socket, _)) = kernel::accept(listener)? else { return Ok(None) };
    Ok(Some((UnixStream::from_std(socket.into())?, Peer::Local)))
}

/// The queue of a TCP listener.
pub(super) struct TcpQueue {
    /// There until it is dropped.
    listener: Option<TcpListener>,
    /// No other process holds the socket.
    sole: bool,
    /// Dropped after the listener.
    _decoy: Option<Decoy>,
}

impl TcpQueue {
    /// Of a listener that this process alone holds. The kernel drops the handshakes of new clients for good.
    pub(super) fn sole(listener: TcpListener) -> TcpQueue {
        // A client may be reset if this fails, but that is not a reason to go on.
        let _ = kernel::refuse_new(&listener);
        TcpQueue { listener: Some(listener), sole: true, _decoy: None }
    }

    /// Of a listener that another process may hold too. The kernel drops the handshakes of new clients until this one
    /// has closed. A decoy covers the gap between the two.
    pub(super) fn shared(listener: TcpListener) -> TcpQueue {
        let decoy = Decoy::before(&listener);
        // A client may be reset if both fail, but that is not a reason to go on.
        let _ = kernel::refuse_new(&listener);
        TcpQueue { listener: Some(listener), sole: false, _decoy: decoy }
    }
}

impl Closing<TcpStream> for TcpQueue {
    fn try_accept(&mut self) -> io::Result<Option<(TcpStream, Peer)>> {
        let Some(listener) = &self.listener else { return Ok(None) };
        accept_tcp(listener)
    }

    fn is_sole(&self) -> bool {
        self.sole
    }
}

impl Drop for TcpQueue {
    fn drop(&mut self) {
        if self.sole {
            return;
        }
        // Taken out of the runtime first, so that as little as possible happens between the two calls: a connection that
        // the kernel accepts in between is reset, unless there is a decoy.
        if let Some(Ok(listener)) = self.listener.take().map(TcpListener::into_std) {
            let _ = kernel::admit_new(&listener);
        }
    }
}

/// The queue of a Unix listener. The kernel cannot refuse its new clients, but they do not find it without its file.
#[cfg(unix)]
pub(super) struct UnixQueue {
    listener: UnixListener,
    sole: bool,
}

#[cfg(unix)]
impl UnixQueue {
    /// Of a listener that this process alone holds, and whose file is gone.
    pub(super) fn sole(listener: UnixListener) -> UnixQueue {
        UnixQueue { listener, sole: true }
    }

    /// Of a listener that another process may hold too.
    pub(super) fn shared(listener: UnixListener) -> UnixQueue {
        UnixQueue { listener, sole: false }
    }
}

#[cfg(unix)]
impl Closing<UnixStream> for UnixQueue {
    fn try_accept(&mut self) -> io::Result<Option<(UnixStream, Peer)>> {
        accept_unix(&self.listener)
    }

    fn is_sole(&self) -> bool {
        self.sole
    }
}

/// The queue of a user's own listener, as far as the runtime knows it.
pub(super) struct OtherQueue<L>(pub(super) L);

impl<L: Listener> Closing<L::Io> for OtherQueue<L> {
    fn try_accept(&mut self) -> io::Result<Option<(L::Io, Peer)>> {
        match self.0.poll_accept(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(accepted) => accepted.map(Some),
            Poll::Pending => Ok(None),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpStream as Client};
    use std::time::Duration;

    use super::*;

    /// The kernel retries for a client after a second. Before that a dropped handshake looks like an absent server.
    const BEFORE_RETRY: Duration = Duration::from_millis(100);

    async fn bound() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[track_caller]
    fn is_dropped(address: SocketAddr) {
        let new = Client::connect_timeout(&address, BEFORE_RETRY);
        assert_eq!(new.map_err(|error| error.kind()).unwrap_err(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_shared_listener_whose_emptying_is_dropped_is_left_to_the_other_process_as_it_was() {
        let (listener, address) = bound().await;
        let other = listener.into_std().unwrap();
        let ours = TcpListener::from_std(other.try_clone().unwrap()).unwrap();
        let early = Client::connect(address).unwrap();
        let mut closing = Listener::begin_closing(ours, Sealed::new(Why::Stop)).unwrap();
        assert!(!closing.is_sole());
        is_dropped(address);
        let (_, peer) = closing.try_accept().unwrap().expect("it was in the queue");
        assert_eq!(peer, Peer::Ip(early.local_addr().unwrap()));
        drop(closing);
        for _ in 0..8 {
            let new = Client::connect_timeout(&address, BEFORE_RETRY).unwrap();
            let (_, peer) = other.accept().unwrap();
            assert_eq!(peer, new.local_addr().unwrap());
        }
    }

    #[tokio::test]
    async fn a_shared_listener_closes_in_front_of_a_decoy() {
        let (listener, address) = bound().await;
        let mut closing = TcpQueue::shared(listener);
        drop(closing.listener.take());
        is_dropped(address);
    }

    #[tokio::test]
    async fn a_sole_listener_accepts_nobody_new_and_is_closed_when_its_queue_is_dropped() {
        let (listener, address) = bound().await;
        let mut closing = TcpQueue::sole(listener);
        assert!(closing.is_sole());
        is_dropped(address);
        assert!(closing.try_accept().unwrap().is_none());
        drop(closing);
        assert_eq!(Client::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn the_queue_of_a_users_own_listener_is_emptied_through_poll_accept() {
        struct Own(TcpListener);

        impl Listener for Own {
            type Io = TcpStream;

            fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Peer)>> {
                Listener::poll_accept(&mut self.0, cx)
            }

            fn address(&self) -> String {
                self.0.address()
            }
        }

        let (listener, address) = bound().await;
        let clients: Vec<_> = (0..3).map(|_| Client::connect(address).unwrap()).collect();
        let mut closing = Own(listener).begin_closing(Sealed::new(Why::Stop)).unwrap();
        let mut accepted = 0;
        while accepted < clients.len() {
            match closing.try_accept().unwrap() {
                Some(_) => accepted += 1,
                // The runtime hears of them when it next asks the kernel.
                None => tokio::task::yield_now().await,
            }
        }
        assert!(closing.try_accept().unwrap().is_none());
    }
}
