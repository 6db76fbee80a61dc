//! The readiness, as probes and servers use it (R30).

use tokio::sync::futures::Notified;

use super::{Edge, Lifecycle};
use crate::engine::context;

pub(crate) use crate::engine::readiness::{Health, Readiness};
pub(crate) use crate::engine::start::Awaited;
#[cfg(test)]
pub(crate) use crate::engine::work::Part;

impl Edge {
    /// Gives the answer of a readiness probe, after at most 1 s. With `all` also the parts of a drained service are asked.
    pub(crate) async fn health(&self, all: bool) -> Health {
        self.lifecycle.health(all).await
    }

    /// Waits until the readiness may have changed.
    pub(crate) fn readiness_changed(&self) -> Notified<'_> {
        self.lifecycle.readiness_changed()
    }

    /// Gives what the lifecycle itself says of its readiness now.
    pub(crate) fn readiness(&self) -> Readiness {
        self.lifecycle.readiness()
    }

    /// Gives what a start waits for now: what has begun to start, and has not started. Empty if nothing starts (R27).
    pub(crate) fn awaited(&self) -> Vec<Awaited> {
        self.lifecycle.awaited()
    }

    /// Declares that the program has probes. Its servers then tell Envoy when it is not ready.
    pub(crate) fn note_probes(&self) {
        self.lifecycle.note_probes();
    }

    /// Declares that the readiness lasts until the drain of the stop.
    pub(crate) fn stay_ready_in_lame_duck(&self) {
        self.lifecycle.stay_ready_in_lame_duck();
    }

    /// Drains the readiness, or ends that.
    pub(crate) fn drain_readiness(&self, drained: bool) {
        self.lifecycle.drain_readiness(drained);
    }

    /// Whether the readiness is drained.
    pub(crate) fn is_readiness_drained(&self) -> bool {
        self.lifecycle.is_readiness_drained()
    }

    /// Whether each response tells Envoy that the service is not ready.
    pub(crate) fn tells_envoy(&self) -> bool {
        tells_envoy(&self.lifecycle)
    }
}

fn tells_envoy(lifecycle: &Lifecycle) -> bool {
    lifecycle.has_probes() && lifecycle.readiness().sends_away()
}

/// Does what [`Edge::tells_envoy`] does, for the current lifecycle, if there is one.
pub(crate) fn current_tells_envoy() -> bool {
    context::with(|lifecycle| lifecycle.is_some_and(tells_envoy))
}

/// Whether clients of the current lifecycle, if there is one, are to open a new connection for their next request: it
/// stops, or its readiness is drained.
pub(crate) fn current_closes_connections() -> bool {
    context::with(|lifecycle| {
        lifecycle.is_some_and(|lifecycle| lifecycle.is_stopping() || lifecycle.is_readiness_drained())
    })
}
