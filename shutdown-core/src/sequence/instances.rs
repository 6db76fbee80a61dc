//! The managed instances, as the engine sees them: how they are managed, ordered and released.

use std::any::TypeId;
use std::time::Instant;

use super::entry::Entry;
use super::phase::Phase;
use super::{InstanceId, Released, Sequence, Spec, World};
use crate::budget;
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
        if spec.at_notice {
            self.at_notice.declare(id);
        }
        self.registry.insert(id, spec, hook);
        self.begin_at_notice_late(now, id);
        if let Phase::Teardown(teardown) = &mut self.phase {
            teardown.join(now, id, &mut self.registry, &mut self.actions);
            self.advance(now, world);
        }
        in_time
    }

    /// Begins the hook of an instance that is managed after the notice, while the work in flight is not cut off (R31).
    fn begin_at_notice_late(&mut self, now: Instant, id: InstanceId) {
        if let Phase::Notice { .. } | Phase::LameDuck { .. } | Phase::Drain(_) | Phase::Drained(_) =
            self.phase
        {
            self.begin_at_notice(now, id, now + budget::time_at_notice(self.config.grace));
        }
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
            // A teardown never runs together with the hook of its instance. It follows the end of the hook.
            _ if self.at_notice.holds_release(id) => Released::Elsewhere,
            Phase::Running { .. } => {
                self.at_notice.forget(id);
                self.registry.release(now, id)
            }
            _ => self.registry.release(now, id),
        }
    }

    /// Returns the instant at which this teardown, or the hook at the notice, has to end, if it runs in a stop.
    pub(crate) fn limit(&self, id: InstanceId) -> Option<Instant> {
        let stop = self.phase.stop()?;
        self.at_notice.limit(id, &stop.budget).or_else(|| self.registry.get(id).and_then(Entry::limit))
    }
}
