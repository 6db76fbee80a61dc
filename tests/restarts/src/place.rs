//! Where a test listens.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

/// A loopback address that nobody else uses, so that a port of it is still free when the service that had it comes
/// back: on `127.0.0.1` any client might have got it meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Place(Ipv4Addr);

impl Place {
    /// Differs from test to test and from process to process.
    pub fn own() -> Place {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let test = LAST.fetch_add(1, Ordering::Relaxed) % 32 + 1;
        // 127/8 has 24 bits: 22 of a process id are as many as there are.
        let number = std::process::id() % (1 << 18) * 32 + test;
        let [_, a, b, c] = (number + (1 << 16)).to_be_bytes();
        Place(Ipv4Addr::new(127, a, b, c))
    }

    /// A free port, as all of them are. Not tried out: a child that another thread is about to start would have the
    /// socket until it runs its program, and be taken for the one that is to listen there.
    pub fn port(self) -> SocketAddr {
        static LAST: AtomicU16 = AtomicU16::new(0);
        // Below those that the kernel gives away.
        (self.0, 10_000 + LAST.fetch_add(1, Ordering::Relaxed) % 20_000).into()
    }

    /// A socket that listens on a free port.
    #[track_caller]
    pub fn listener(self) -> TcpListener {
        TcpListener::bind((self.0, 0)).expect("127.0.0.0/8 is this machine")
    }
}
