//! A second listener at the same address, which receives all new clients while the first one closes.
//!
//! A listener that refuses new clients by a filter has to lose that filter before it closes, because another process may
//! hold the same socket and go on with it. A client that is accepted between these two steps is reset. The decoy closes
//! that gap: no other process holds it, so it keeps its filter as long as it lives, and it outlives the first listener.
//!
//! ```text
//!               decoy opens     filter off, first closes     decoy closes
//! first   ──────────┼───────────────────────┼
//! decoy             ┼───────────────────────┼─────────────────────┼
//! a new client  to the first │ dropped by the decoy, retries after a second │ to the process that still holds the first
//! ```

#[cfg(target_os = "linux")]
use std::io;

use super::kernel::AsSocket;

/// A listener that accepts nobody. It is dropped after the listener that it stands in front of.
#[derive(Debug)]
pub(super) struct Decoy {
    #[cfg(target_os = "linux")]
    _listener: socket2::Socket,
}

/// The number of the decoy in the group of listeners that share the port, in the order in which they joined. Once the
/// first listener has left, the decoy is number 0, and the kernel chooses it because there is no other.
#[cfg(target_os = "linux")]
const SECOND: u32 = 1;

impl Decoy {
    /// Opens one in front of a TCP listener. `None` where that is not possible:
    ///
    /// - on a kernel other than Linux;
    /// - if the address cannot be bound a second time: the port is below 1024 and the privilege has been dropped, or the
    ///   listener belongs to another user or another network namespace;
    /// - if the listener shares its port on purpose (`SO_REUSEPORT`): the others would get no clients either.
    #[cfg(target_os = "linux")]
    pub(super) fn before(listener: &impl AsSocket) -> Option<Decoy> {
        let first = socket2::SockRef::from(listener);
        if first.reuse_port().ok()? || first.device().ok()?.is_some() {
            return None;
        }
        // Without the option the address cannot be bound a second time. Another holder of the socket does not notice.
        first.set_reuse_port(true).ok()?;
        let decoy = Decoy::open(&first);
        if decoy.is_err() {
            let _ = first.set_reuse_port(false);
        }
        decoy.ok()
    }

    #[cfg(target_os = "linux")]
    fn open(first: &socket2::Socket) -> io::Result<Decoy> {
        use super::kernel;

        let decoy = socket2::Socket::new(first.domain()?, first.r#type()?, first.protocol()?)?;
        decoy.set_reuse_address(true)?;
        decoy.set_reuse_port(true)?;
        if first.domain()? == socket2::Domain::IPV6 {
            decoy.set_only_v6(first.only_v6()?)?;
        }
        decoy.bind(&first.local_addr()?)?;
        // Before the kernel can give it a client.
        kernel::refuse_new(&decoy)?;
        decoy.listen(1)?;
        kernel::send_new_to(&decoy, SECOND)?;
        Ok(Decoy { _listener: decoy })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn before(_: &impl AsSocket) -> Option<Decoy> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::time::Duration;

    use super::super::kernel;
    use super::*;

    /// The kernel retries for a client after a second. Before that a dropped handshake looks like an absent server.
    const BEFORE_RETRY: Duration = Duration::from_millis(100);

    /// The last one accepts both IP families.
    const ADDRESSES: [&str; 3] = ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"];

    fn bound_to(address: &str) -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, ([127, 0, 0, 1], port).into())
    }

    /// The same address, whichever family it is written in.
    fn canonical(address: Option<SocketAddr>) -> Option<SocketAddr> {
        address.map(|address| (address.ip().to_canonical(), address.port()).into())
    }

    /// Tries often, because the kernel chooses a listener by a hash of the client's port.
    #[track_caller]
    fn nobody_is_accepted(at: SocketAddr) {
        for _ in 0..8 {
            let new = TcpStream::connect_timeout(&at, BEFORE_RETRY);
            assert_eq!(new.map_err(|error| error.kind()).unwrap_err(), ErrorKind::TimedOut, "{at}");
        }
    }

    #[test]
    fn queued_clients_stay_and_new_ones_are_dropped_until_the_listener_has_closed() {
        for address in ADDRESSES {
            let (listener, at) = bound_to(address);
            let early = TcpStream::connect(at).unwrap();
            let decoy = Decoy::before(&listener).expect("nothing is in its way");
            nobody_is_accepted(at);
            let (_, peer) = kernel::accept(&listener).unwrap().expect("the earlier client is in the queue");
            assert_eq!(canonical(peer.as_socket()), early.local_addr().ok());
            assert!(kernel::accept(&listener).unwrap().is_none());
            drop(listener);
            nobody_is_accepted(at);
            drop(decoy);
            assert_eq!(TcpStream::connect(at).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
    }

    #[test]
    fn another_holder_has_the_listener_as_before() {
        for address in ADDRESSES {
            let (listener, at) = bound_to(address);
            let other = listener.try_clone().unwrap();
            let decoy = Decoy::before(&listener).expect("nothing is in its way");
            drop(listener);
            drop(decoy);
            for _ in 0..8 {
                let new = TcpStream::connect(at).unwrap();
                let (_, peer) = kernel::accept(&other).unwrap().expect("it was accepted");
                assert_eq!(canonical(peer.as_socket()), new.local_addr().ok());
            }
        }
    }

    #[test]
    fn a_port_that_is_shared_on_purpose_gets_no_decoy() {
        let (listener, at) = bound_to("127.0.0.1:0");
        socket2::SockRef::from(&listener).set_reuse_port(true).unwrap();
        assert!(Decoy::before(&listener).is_none());
        TcpStream::connect(at).unwrap();
    }
}
