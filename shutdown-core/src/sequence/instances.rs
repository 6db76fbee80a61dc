//! The managed instances, as whoever runs a service sees them: how they come, change and go.

use std::any::TypeId;
use std::time::Instant;

use super::{InstanceId, Released, Sequence, Spec, World};
use crate::plan::Why;
use crate::stage::Stage;

impl<H: Clone> Sequence<H> {
    /// Takes in an instance. Returns `false` if the report is sealed already, so that the instance is not torn down.
    pub(crate) fn manage(
        &mut self,
        now: Instant,
        id: InstanceId,
        spec: Spec,
        hook: H,
        world: &impl World,
    ) -> bool {
        let in_time = self.stage != Stage::Exited;
        self.registry.insert(id, spec, hook);
        match self.stage {
            Stage::Cleanup | Stage::Flush => {
                self.join_late(now, id);
                self.advance(now, world);
            }
            _ => self.make_stale(),
        }
        in_time
    }

    /// Nothing more will be said of this instance.
    pub(crate) fn all_said(&mut self, now: Instant, id: InstanceId, world: &impl World) {
        if self.registry.all_said(id) && matches!(self.stage, Stage::Cleanup | Stage::Flush) {
            self.join_late(now, id);
            self.advance(now, world);
        }
    }

    /// The class of a type, made of `needs` when it is first seen.
    pub(crate) fn class(&mut self, class: TypeId, needs: impl FnOnce() -> Vec<(TypeId, Why)>) -> usize {
        self.registry.class(class, needs)
    }

    /// `a` is torn down before `b`. Too late, and without effect, once either has begun.
    pub(crate) fn depends_on(&mut self, now: Instant, a: InstanceId, b: InstanceId) {
        if self.registry.depends_on(a, b) {
            self.make_stale();
            self.replan(now);
        }
    }

    /// Says more of an instance whose teardown has not begun.
    pub(crate) fn amend(&mut self, now: Instant, id: InstanceId, change: impl FnOnce(&mut Spec)) {
        if self.registry.amend(id, change) {
            self.make_stale();
            self.replan(now);
        }
    }

    fn make_stale(&mut self) {
        if let Some(stop) = &mut self.stop {
            stop.stale = self.stage < Stage::Cleanup;
        }
    }

    /// Somebody wants this instance torn down now.
    pub(crate) fn release(&mut self, now: Instant, id: InstanceId) -> Released<H> {
        self.registry.release(now, id, self.stage)
    }

    /// Until when this teardown may run, if it runs in a stop.
    pub(crate) fn limit(&self, id: InstanceId) -> Option<Instant> {
        self.registry.limit(id)
    }
}
