//! What a handler can learn about its connection.

use std::fmt;
use std::sync::Arc;

use super::connection::Connection;
use crate::edge::{Draining, Stopping};
use crate::net::Peer;

/// The connection of a request: an extension of each request, if
/// [`Server::connection_info`](super::Server::connection_info) is set.
///
/// In axum: `Extension<lifecycle::http::ConnectionInfo>`. It works in any task, also in one that a library has spawned.
#[derive(Clone)]
pub struct ConnectionInfo {
    connection: Arc<Connection>,
    peer: Peer,
}

impl ConnectionInfo {
    pub(super) fn of(connection: &Arc<Connection>) -> ConnectionInfo {
        ConnectionInfo { connection: Arc::clone(connection), peer: connection.peer() }
    }

    /// Returns the other end of the connection.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Returns a future that completes when the stop begins, or the end of this server alone
    /// ([`Server::until`](super::Server::until)). See [`stopping`](crate::stopping).
    pub fn stopping(&self) -> Stopping {
        Stopping::of(&self.connection.site.notices.stopping)
    }

    /// Returns a future that completes when the drain begins, of the service or of this server alone. See [`draining`](crate::draining).
    pub fn draining(&self) -> Draining {
        Draining::of(&self.connection.site.notices.draining)
    }

    /// Whether the stop has begun, of the service or of this server alone.
    pub fn is_stopping(&self) -> bool {
        self.connection.site.is_stopping()
    }
}

impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo").field("peer", self.peer()).finish_non_exhaustive()
    }
}
