//! The service that is restarted.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Duration;

use lifecycle_process_tests::{Child, Program, fixture};

/// The service under test, the length of its lame duck, and its probes.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    path: &'static str,
    lame_duck: Duration,
    probes: Probes,
}

/// What answers the readiness check of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probes {
    /// `http::probes`. Each response of a stop carries the header for Envoy.
    Default,
    /// The same, with the status 404 in a stop.
    NotFound,
    /// A handler, so that no response carries the header.
    Handler,
}

/// The launcher that hands over a socket as systemd does. The socket arrives as stdin and becomes descriptor 3.
const HAND_OVER: [&str; 4] =
    ["sh", "-c", r#"exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#, "hand-over"];

impl Service {
    /// Configures the program at `path` without a lame duck.
    pub fn new(path: &'static str) -> Service {
        Service { path, lame_duck: Duration::ZERO, probes: Probes::Default }
    }

    /// Returns the path of the program.
    pub fn path(self) -> &'static str {
        self.path
    }

    /// Sets the length of the lame duck.
    #[must_use]
    pub fn lame_duck(self, lame_duck: Duration) -> Service {
        Service { lame_duck, ..self }
    }

    /// Sets what answers the readiness check.
    #[must_use]
    pub fn probes(self, probes: Probes) -> Service {
        Service { probes, ..self }
    }

    /// Starts an instance that listens at `address` with `net::listen`.
    #[track_caller]
    pub fn start(self, address: SocketAddr) -> Child {
        self.program("listen", address).start()
    }

    /// Starts an instance that listens at `address` with tokio's listener.
    #[track_caller]
    pub fn start_plainly(self, address: SocketAddr) -> Child {
        self.program("bind", address).start()
    }

    /// Starts an instance that shares `address` with other instances (`SO_REUSEPORT`).
    #[track_caller]
    pub fn start_beside(self, address: SocketAddr) -> Child {
        self.program("share", address).start()
    }

    /// Starts an instance that inherits `listener`.
    #[track_caller]
    pub fn start_with(self, listener: &TcpListener) -> Child {
        let address = listener.local_addr().expect("it is bound");
        let socket = OwnedFd::from(listener.try_clone().expect("a descriptor is free"));
        self.program("listen", address).through(&HAND_OVER).stdin(socket).start()
    }

    fn program(self, how: &str, address: SocketAddr) -> Program {
        let lame_duck = format!("{}ms", self.lame_duck.as_millis());
        let probes = match self.probes {
            Probes::Default => "probes",
            Probes::NotFound => "404",
            Probes::Handler => "handler",
        };
        fixture(self.path, &format!("{how} {address} {probes}"))
            .lame_duck(&lame_duck)
            .ready_at_line("listening")
    }
}

/// Stops an instance, and waits until it has exited. Requires that the stop cut off no work.
#[track_caller]
pub fn stop(instance: Child) {
    instance.stop().exited(0).not_reported("cut off");
}
