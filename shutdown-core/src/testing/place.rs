//! The addresses at which services of a test listen.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::sync::Counter;

/// An address of the loopback network, 127.0.0.0/8, and its ports.
///
/// ```
/// use lifecycle::testing::Place;
///
/// let place = Place::own();
/// let (old, new) = (place.port(), place.port());
/// assert_ne!(old, new);
/// assert_eq!(old.ip(), new.ip());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(Ipv4Addr);

impl Place {
    /// The address 127.0.0.1, which each program of the machine may use.
    pub const LOOPBACK: Place = Place(Ipv4Addr::LOCALHOST);

    /// Returns an address that no other test uses, in this process or in another one.
    ///
    /// A port of it is still free when a restarted service returns to it. On 127.0.0.1, any client could have taken the port
    /// in the meantime. Only Linux has these addresses without a configuration of the machine.
    pub fn own() -> Place {
        static LAST: Counter = Counter::new();
        let test = u32::try_from(LAST.next() % 32).unwrap_or_default() + 1;
        // 127/8 has 24 free bits. A process id has at most 22 bits.
        let number = std::process::id() % (1 << 18) * 32 + test;
        let [_, a, b, c] = (number + (1 << 16)).to_be_bytes();
        Place(Ipv4Addr::new(127, a, b, c))
    }

    /// Returns a free port below the ports that the kernel gives to clients.
    ///
    /// # Panics
    ///
    /// If every port is in use.
    #[track_caller]
    pub fn port(self) -> SocketAddr {
        static LAST: Counter = Counter::new();
        // Tests run in several processes at a time, which begin at different ports.
        let first = u64::from(std::process::id()) * 50;
        for _ in 0..20_000 {
            let port = u16::try_from(10_000 + (first + LAST.next()) % 20_000).unwrap_or_default();
            let address = SocketAddr::from((self.0, port));
            if self != Place::LOOPBACK || is_free(address) {
                return address;
            }
        }
        panic!("every port of {} is in use", self.0)
    }

    /// Returns a socket that listens at a free port.
    ///
    /// # Panics
    ///
    /// If the machine does not have the address.
    #[track_caller]
    pub fn listener(self) -> TcpListener {
        match TcpListener::bind((self.0, 0)) {
            Ok(listener) => listener,
            Err(error) => panic!("cannot listen at {}: {error}", self.0),
        }
    }
}

/// Returns whether a socket can be bound. The socket never listens, because a child that another thread starts holds it
/// until the child's `exec`. It would be taken for the service.
fn is_free(address: SocketAddr) -> bool {
    let Ok(socket) = tokio::net::TcpSocket::new_v4() else { return false };
    socket.set_reuseaddr(true).is_ok() && socket.bind(address).is_ok()
}
