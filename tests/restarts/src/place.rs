//! The addresses at which tests listen.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

/// A loopback address that no other test uses. A port of it is still free when a service returns to it. On
/// `127.0.0.1` any client could take the port in the meantime.
#[derive(Clone, Copy, Debug)]
pub struct Place(Ipv4Addr);

impl Place {
    /// Returns an address that differs between tests and between processes.
    pub fn own() -> Place {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let test = LAST.fetch_add(1, Ordering::Relaxed) % 32 + 1;
        // 127/8 has 24 free bits. A process id has at most 22 bits.
        let number = std::process::id() % (1 << 18) * 32 + test;
        let [_, a, b, c] = (number + (1 << 16)).to_be_bytes();
        Place(Ipv4Addr::new(127, a, b, c))
    }

    /// Returns a free port without a trial bind. A child that another thread starts would hold the socket of
    /// a trial until its `exec`. The test could then take this child for the server.
    pub fn port(self) -> SocketAddr {
        static LAST: AtomicU16 = AtomicU16::new(0);
        // The port is below the range of ports that the kernel assigns.
        (self.0, 10_000 + LAST.fetch_add(1, Ordering::Relaxed) % 20_000).into()
    }

    /// Returns a socket that listens on a free port.
    #[track_caller]
    pub fn listener(self) -> TcpListener {
        TcpListener::bind((self.0, 0)).expect("127.0.0.0/8 is this machine")
    }
}
