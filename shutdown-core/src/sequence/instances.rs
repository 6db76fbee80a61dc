//! The managed instances, as the engine sees them: how they are managed, ordered and released.

use std::any::TypeId;
use std::time::Instant;

use super::entry::Entry;
use super::phase::Phase;
use super::{InstanceId, Released, Sequence, Spec, World};
use crate::plan::Why;

impl<H: Clone> Sequence<H> {
    /// Adds an instance. Returns `false` if the report is sealed already, so that the instance is not torn down.
    pub(crate) fn manage(
        &mut self,
        now: Instant,
        id: InstanceId,
        spec: Spec,
        hook: H,
        world: &impl World,
    ) -> bool {
        let in_time = !matches!(self.phase, Phase::Exited { .. });
        // Kept even after the report is sealed: to drop a hook is to run user code, and the caller holds a lock.
        self.registry.insert(id, spec, hook);
        if let Phase::Teardown(teardown) = &mut self.phase {
            teardown.join(now, id, &mut self.registry, &mut self.actions);
            self.advance(now, world);
        }
        in_time
    }

    /// Returns the class of a type. Calls `needs` when the class is declared for the first time.
    pub(crate) fn class(&mut self, class: TypeId, needs: impl FnOnce() -> Vec<(TypeId, Why)>) -> usize {
        self.registry.class(class, needs)
    }

    /// Orders the teardown of `a` before that of `b`. Has no effect once either has started.
    pub(crate) fn depends_on(&mut self, now: Instant, a: InstanceId, b: InstanceId) {
        if self.registry.depends_on(a, b)
            && let Phase::Teardown(teardown) = &mut self.phase
        {
            teardown.replan(now, &mut self.registry, &mut self.actions);
        }
    }

    /// Requests the teardown of this instance now. Once the cleanup has begun, the instance is torn down in its place.
    pub(crate) fn release(&mut self, now: Instant, id: InstanceId) -> Released<H> {
        match self.phase {
            Phase::Teardown(_) | Phase::Exited { .. } => Released::Elsewhere,
            _ => self.registry.release(now, id),
        }
    }

    /// Returns the instant at which this teardown has to end, if it runs in a stop.
    pub(crate) fn limit(&self, id: InstanceId) -> Option<Instant> {
        self.registry.get(id).and_then(Entry::limit)
    }
}
