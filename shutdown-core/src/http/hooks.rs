//! What a program does when a connection is opened or closed.

use std::sync::Arc;
use std::time::Duration;

use crate::net::Peer;

/// The end of a connection: see [`Server::on_disconnect`](super::Server::on_disconnect).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnect {
    /// The time from the accept of the connection until its end.
    pub duration: Duration,
    /// Why the connection ended.
    pub reason: DisconnectReason,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client closed it, or HTTP ended it: by `Connection: close`, a time-out, or an error.
    Closed,
    /// The handshake failed or took too long, or the service of the connection could not be made.
    HandshakeFailed,
    /// It had reached its [`max_connection_age`](super::Server::max_connection_age).
    MaxAge,
    /// The drain had begun.
    Drained,
    /// It was cut off: at the end of the drain, or at the end of
    /// [`max_connection_age_grace`](super::Server::max_connection_age_grace).
    CutOff,
}

type OnConnect = Arc<dyn Fn(&Peer) + Send + Sync>;
type OnDisconnect = Arc<dyn Fn(&Peer, &Disconnect) + Send + Sync>;

/// The hooks of a server.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) on_connect: Option<OnConnect>,
    pub(super) on_disconnect: Option<OnDisconnect>,
}
