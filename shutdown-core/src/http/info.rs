//! What a handler may know of its connection.

use std::fmt;
use std::sync::Arc;

use super::connection::Connection;
use crate::engine::functions::{Draining, Stopping};
use crate::net::Peer;

/// The connection that a request came on: an extension of each request of a server that was told so
/// ([`Server::connection_info`](super::Server::connection_info)).
///
/// In axum: `Extension<lifecycle::http::ConnectionInfo>`. It finds its lifecycle wherever it is used, also in a task
/// that was spawned by a library.
#[derive(Clone)]
pub struct ConnectionInfo(pub(super) Arc<Connection>);

impl ConnectionInfo {
    /// The other end.
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// A future that ends when the stop begins; see [`stopping`](crate::stopping).
    pub fn stopping(&self) -> Stopping {
        self.0.site.lifecycle().stopping()
    }

    /// A future that ends when the drain begins; see [`draining`](crate::draining).
    pub fn draining(&self) -> Draining {
        self.0.site.lifecycle().draining()
    }

    /// Whether the stop has begun.
    pub fn is_stopping(&self) -> bool {
        self.0.site.lifecycle().is_stopping()
    }
}

impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo").field("peer", self.peer()).finish_non_exhaustive()
    }
}
