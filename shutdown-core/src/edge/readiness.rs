//! The readiness, as probes and servers use it (R30).

use super::{Edge, Lifecycle};
use crate::engine::context;

pub(crate) use crate::engine::readiness::Readiness;
pub(crate) use crate::engine::start::Awaited;

impl Edge {
    /// Gives what a readiness probe says now.
    pub(crate) fn readiness(&self) -> Readiness {
        self.lifecycle.readiness()
    }

    /// Gives what a start waits for now: what has begun to start, and has not started. Empty if nothing starts (R27).
    #[allow(dead_code, reason = "the probe of the start-up reads it")]
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
