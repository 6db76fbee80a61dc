//! A second listener at the same address, to which all who are new are sent while the first one closes.
//!
//! A listener that lets nobody in by a filter of its own has to lose that filter before it closes, for another process
//! may hold the same socket and go on with it; and whoever is let in between the two is reset. The decoy closes that
//! gap: it is nobody else's, so it keeps its filter for as long as it lives, and outlives the first by a moment.
//!
//! ```text
//!               decoy opens     filter off, first closes     decoy closes
//! first   ──────────┼───────────────────────┼
//! decoy             ┼───────────────────────┼─────────────────────┼
//! a new client  to the first │ dropped by the decoy, and sent again a second later │ to whoever still holds the first
//! ```

#[cfg(target_os = "linux")]
use std::io;
use std::os::fd::AsFd;

/// From [`Listener::refuse_new`](super::Listener::refuse_new), and dropped behind the listener.
#[derive(Debug)]
pub struct Decoy {
    #[cfg(target_os = "linux")]
    _listener: socket2::Socket,
}

/// Which of a group of listeners gets who is new: they are in it in the order in which they came. Once the first has
/// left, the decoy is number 0, and the kernel chooses among those there are: the decoy.
#[cfg(target_os = "linux")]
const SECOND: u32 = 1;

impl Decoy {
    /// In front of this listener of TCP. `None` where that cannot be: on a kernel other than Linux; where the address
    /// may not be bound once more, because its port is a privileged one and the privilege has been dropped, or the
    /// listener is another user's or another network's; and where it shares its port with others on purpose
    /// (`SO_REUSEPORT`), who would get nobody either.
    #[cfg(target_os = "linux")]
    pub(super) fn before(listener: &impl AsFd) -> Option<Decoy> {
        let first = socket2::SockRef::from(listener);
        if first.reuse_port().ok()? || first.device().ok()?.is_some() {
            return None;
        }
        // Without it nobody can bind the address once more. Whoever else holds the socket does not notice.
        first.set_reuse_port(true).ok()?;
        let decoy = Decoy::open(&first);
        if decoy.is_err() {
            let _ = first.set_reuse_port(false);
        }
        decoy.ok()
    }

    #[cfg(target_os = "linux")]
    fn open(first: &socket2::Socket) -> io::Result<Decoy> {
        use super::socket;

        let decoy = socket2::Socket::new(first.domain()?, first.r#type()?, first.protocol()?)?;
        decoy.set_reuse_address(true)?;
        decoy.set_reuse_port(true)?;
        if first.domain()? == socket2::Domain::IPV6 {
            decoy.set_only_v6(first.only_v6()?)?;
        }
        decoy.bind(&first.local_addr()?)?;
        // Before it hears of anybody.
        socket::refuse_new(&decoy)?;
        decoy.listen(1)?;
        socket::send_new_to(&decoy, SECOND)?;
        Ok(Decoy { _listener: decoy })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn before(_: &impl AsFd) -> Option<Decoy> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::time::Duration;

    use super::super::socket;
    use super::*;

    /// The kernel asks again for a client after a second: before that nobody can tell it from one that is not there.
    const SOON: Duration = Duration::from_millis(100);

    /// The last one is of both families.
    const ADDRESSES: [&str; 3] = ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"];

    fn bound_to(address: &str) -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, ([127, 0, 0, 1], port).into())
    }

    /// As one of this family says it, too.
    fn canonical(address: Option<SocketAddr>) -> Option<SocketAddr> {
        address.map(|address| (address.ip().to_canonical(), address.port()).into())
    }

    /// The kernel chooses by a hash of the client's port: once could be luck.
    #[track_caller]
    fn nobody_gets_in(at: SocketAddr) {
        for _ in 0..8 {
            let new = TcpStream::connect_timeout(&at, SOON);
            assert_eq!(new.map_err(|error| error.kind()).unwrap_err(), ErrorKind::TimedOut, "{at}");
        }
    }

    #[test]
    fn who_is_in_the_queue_stays_and_who_is_new_is_dropped_until_the_listener_has_gone() {
        for address in ADDRESSES {
            let (listener, at) = bound_to(address);
            let early = TcpStream::connect(at).unwrap();
            let decoy = Decoy::before(&listener).expect("nothing is in its way");
            nobody_gets_in(at);
            let (_, peer) =
                socket::accept(&listener).unwrap().expect("whoever was there before is in the queue");
            assert_eq!(canonical(peer.as_socket()), early.local_addr().ok());
            assert!(socket::accept(&listener).unwrap().is_none());
            drop(listener);
            nobody_gets_in(at);
            drop(decoy);
            assert_eq!(TcpStream::connect(at).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
    }

    #[test]
    fn whoever_holds_the_listener_too_has_it_as_before() {
        for address in ADDRESSES {
            let (listener, at) = bound_to(address);
            let other = listener.try_clone().unwrap();
            let decoy = Decoy::before(&listener).expect("nothing is in its way");
            drop(listener);
            drop(decoy);
            for _ in 0..8 {
                let new = TcpStream::connect(at).unwrap();
                let (_, peer) = socket::accept(&other).unwrap().expect("it was let in");
                assert_eq!(canonical(peer.as_socket()), new.local_addr().ok());
            }
        }
    }

    #[test]
    fn those_who_share_the_port_on_purpose_are_left_alone() {
        let (listener, at) = bound_to("127.0.0.1:0");
        socket2::SockRef::from(&listener).set_reuse_port(true).unwrap();
        assert!(Decoy::before(&listener).is_none());
        TcpStream::connect(at).unwrap();
    }
}
