//! Whether load balancers are to send requests (R30).

use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::lifecycle::{Lifecycle, Notices};
use super::work::Part;
use crate::report::FactKind;
use crate::sync::{Flag, Switch};

/// What the lifecycle itself says of its readiness. [`Health`] has the parts of the service, too.
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

/// The answer of a readiness probe.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) readiness: Readiness,
    /// The managed instances that have a check, and the supervised tasks. Empty if nobody was asked.
    pub(crate) parts: Vec<Part>,
}

impl Health {
    /// Whether load balancers are to send requests here.
    pub(crate) fn is_ready(&self) -> bool {
        self.readiness == Readiness::Ready && self.failed().next().is_none()
    }

    /// Lists the parts that are not ready.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.answer.is_err())
    }
}

/// What the program has said about its readiness.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Wakes the tasks that tell each change to a client.
    changed: Notify,
    has_probes: Flag,
    ready_in_lame_duck: Flag,
    drained: Switch,
}

impl Said {
    /// Learns of a fact: the readiness may have changed.
    pub(super) fn learn(&self, kind: &FactKind) {
        if matches!(
            kind,
            FactKind::Ready
                | FactKind::NotReady { .. }
                | FactKind::ReadyAgain { .. }
                | FactKind::ReadinessDrained
                | FactKind::ReadinessUndrained
        ) {
            self.changed.notify_waiters();
        }
    }
}

impl Lifecycle {
    /// Returns what the lifecycle itself says of its readiness now.
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

    /// Returns the answer of a readiness probe, after at most 1 s.
    ///
    /// Nobody is asked if the answer is known without. With `all` a service that is drained is asked all the same.
    pub(crate) async fn health(&self, all: bool) -> Health {
        let asks = match self.readiness() {
            Readiness::Ready => true,
            Readiness::Drained => all,
            Readiness::Starting | Readiness::Stopping => false,
        };
        let mut parts = Vec::new();
        if asks {
            let said = &self.engine().readiness;
            let Notices { stopping, draining, .. } = self.notices();
            let over = if said.ready_in_lame_duck.is_set() { draining } else { stopping };
            // After the notice nobody needs the answers.
            if let Either::Left((asked, _)) = select(pin!(self.ask_instances()), over.wait()).await {
                parts = asked;
            }
            parts.extend(self.in_flight().works.supervised(self.now()));
        }
        Health { readiness: self.readiness(), parts }
    }

    /// Waits until the readiness may have changed. The stop has a notice of its own, and a check is asked only if a probe
    /// comes.
    pub(crate) fn readiness_changed(&self) -> Notified<'_> {
        self.engine().readiness.changed.notified()
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
