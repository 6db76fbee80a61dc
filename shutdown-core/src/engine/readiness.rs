//! Whether load balancers are to send requests (R30).

use super::lifecycle::Lifecycle;
use crate::report::FactKind;
use crate::sync::{Flag, Switch};

/// What a readiness probe says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// The start-up is not over.
    Starting,
    Ready,
    /// The program has drained its readiness, without a stop.
    Drained,
    /// The service stops.
    Stopping,
}

impl Readiness {
    /// Whether load balancers are to send requests to another instance.
    pub(crate) fn sends_away(self) -> bool {
        matches!(self, Readiness::Drained | Readiness::Stopping)
    }
}

/// What the program has said about its readiness.
#[derive(Debug, Default)]
pub(super) struct Said {
    has_probes: Flag,
    ready_in_lame_duck: Flag,
    drained: Switch,
}

impl Lifecycle {
    /// Returns what a readiness probe says now.
    pub(crate) fn readiness(&self) -> Readiness {
        let said = &self.engine().readiness;
        let in_rotation = said.ready_in_lame_duck.is_set() && !self.notices().draining.is_fired();
        if !self.is_ready() {
            Readiness::Starting
        } else if self.is_stopping() && !in_rotation {
            Readiness::Stopping
        } else if said.drained.is_on() {
            Readiness::Drained
        } else {
            Readiness::Ready
        }
    }

    /// Notes that the program has probes.
    pub(crate) fn note_probes(&self) {
        self.engine().readiness.has_probes.set();
    }

    /// Returns whether the program has probes.
    pub(crate) fn has_probes(&self) -> bool {
        self.engine().readiness.has_probes.is_set()
    }

    /// Keeps the readiness until the drain of the stop.
    pub(crate) fn stay_ready_in_lame_duck(&self) {
        self.engine().readiness.ready_in_lame_duck.set();
    }

    /// Drains the readiness, or ends that.
    pub(crate) fn drain_readiness(&self, drained: bool) {
        if self.engine().readiness.drained.turn(drained) {
            self.tell(if drained { FactKind::ReadinessDrained } else { FactKind::ReadinessUndrained });
        }
    }

    /// Returns whether the readiness is drained.
    pub(crate) fn is_readiness_drained(&self) -> bool {
        self.engine().readiness.drained.is_on()
    }
}
