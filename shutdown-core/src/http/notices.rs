//! The notices that the connections of a server wait for: those of the lifecycle, or those of a server that also stops
//! alone.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::select;

use crate::edge::Edge;
use crate::edge::in_flight::InFlight;
use crate::sync::notice::Notice;

/// The notices of a server.
#[derive(Clone)]
pub(super) struct Notices {
    /// The stop has begun.
    pub(super) stopping: Notice,
    /// The drain has begun.
    pub(super) draining: Notice,
}

impl Notices {
    /// Gives those of the lifecycle.
    pub(super) fn of(edge: &Edge) -> Notices {
        Notices { stopping: edge.stopping().clone(), draining: edge.draining().clone() }
    }

    /// Gives notices of a server's own, which fire with those of the lifecycle, or by [`end`](Notices::end).
    pub(super) fn own(edge: &Edge, in_flight: &Arc<InFlight>) -> Notices {
        let notices = Notices { stopping: Notice::new(), draining: Notice::new() };
        // A task, because the connections outlive the future of a server that is dropped.
        edge.spawn(follow(edge.clone(), Arc::clone(in_flight), notices.clone()));
        notices
    }

    /// Ends the server, which has notices of its own.
    pub(super) fn end(&self) {
        self.stopping.fire();
        self.draining.fire();
    }
}

/// Fires the notices of a server with those of the lifecycle, until its last connection has ended.
async fn follow(edge: Edge, in_flight: Arc<InFlight>, notices: Notices) {
    let follow = pin!(async {
        edge.stopping().wait().await;
        notices.stopping.fire();
        edge.draining().wait().await;
        notices.draining.fire();
    });
    select(follow, pin!(in_flight.ended())).await;
}
