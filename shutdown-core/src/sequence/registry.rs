//! The managed instances, and the plan that follows from them.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::at_notice::AtNotice;
use super::entries::Entries;
use super::entry::{Entry, InstanceId, Spec, State};
use crate::plan::{Class, Cycle, DeclaredPath, Group, Item, Need, Plan, Why, place};
use crate::report::{EdgeReport, InstanceReport, Outcome};
use crate::sort::sorted;
use crate::stage::PerStage;

/// The class of an instance without a type. No type needs it.
pub(crate) const NO_CLASS: usize = 0;

/// The result of a request to release an instance.
#[must_use]
#[derive(Debug)]
pub(crate) enum Released<H> {
    /// The caller has to run the teardown, within the declared time-out.
    Run(H, Option<Duration>),
    /// The teardown is run by the stop or by another caller, or has ended.
    Elsewhere,
}

/// The plan of all managed instances, without cycles.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// The instance of each node.
    pub(super) ids: Vec<InstanceId>,
    /// The cycles that were broken.
    pub(super) broken: Vec<Cycle>,
    pub(super) paths: PerStage<DeclaredPath>,
}

#[derive(Debug)]
pub(super) struct Registry<H> {
    entries: Entries<H>,
    class_of: HashMap<TypeId, usize>,
    classes: Vec<Class>,
    /// For each class whether its needs are known. A class that so far was only needed by others is not declared.
    declared: Vec<bool>,
    /// The current plan. `None` after a change.
    planned: Option<Arc<Planned>>,
}

impl<H> Default for Registry<H> {
    fn default() -> Registry<H> {
        // The first class is `NO_CLASS`.
        let classes = vec![Class::default()];
        let declared = vec![true];
        Registry { entries: Entries::default(), class_of: HashMap::new(), classes, declared, planned: None }
    }
}

impl<H: Clone> Registry<H> {
    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry<H>> {
        self.entries.values_mut()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<H>> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    pub(super) fn get_mut(&mut self, id: InstanceId) -> Option<&mut Entry<H>> {
        self.entries.get_mut(id)
    }

    pub(super) fn get(&self, id: InstanceId) -> Option<&Entry<H>> {
        self.entries.get(id)
    }

    /// Returns the instance of each node of the plan.
    fn ids(&self) -> Vec<InstanceId> {
        self.entries.iter().map(|(id, _)| id).collect()
    }

    /// Returns for each node of the plan whether its instance has ended.
    pub(super) fn done(&self) -> Vec<bool> {
        self.entries().map(Entry::is_done).collect()
    }

    /// Whether the plan has changed since it was made.
    pub(super) fn is_stale(&self) -> bool {
        self.planned.is_none()
    }

    /// Returns the class of a type. Calls `needs` when the class is declared for the first time.
    pub(super) fn class(&mut self, class: TypeId, needs: impl FnOnce() -> Vec<(TypeId, Why)>) -> usize {
        let at = self.index_of(class);
        if !std::mem::replace(&mut self.declared[at], true) {
            let needs = needs().into_iter();
            self.classes[at].needs =
                needs.map(|(class, why)| Need { of: self.index_of(class), why }).collect();
        }
        at
    }

    fn index_of(&mut self, class: TypeId) -> usize {
        *self.class_of.entry(class).or_insert_with(|| {
            self.classes.push(Class::default());
            self.declared.push(false);
            self.classes.len() - 1
        })
    }

    pub(super) fn insert(&mut self, id: InstanceId, spec: Spec, hook: H) {
        self.planned = None;
        self.entries.insert(id, Entry::new(spec, hook));
    }

    /// Orders `a` before `b`. Returns `false`, without effect, if one is unknown or its teardown has started.
    pub(super) fn depends_on(&mut self, a: InstanceId, b: InstanceId) -> bool {
        let waiting = |entry: Option<&Entry<H>>| entry.is_some_and(Entry::is_waiting);
        if a == b || !waiting(self.entries.get(a)) || !waiting(self.entries.get(b)) {
            return false;
        }
        self.planned = None;
        let take_needs = |entry: &mut Entry<H>| std::mem::take(&mut entry.spec.needs);
        let mut needs = self.entries.get_mut(a).map(take_needs).unwrap_or_default();
        if needs.len().is_power_of_two() {
            // The instances that `a` needed may have been released and replaced many times.
            needs.retain(|id| self.entries.get(*id).is_some());
            needs.sort_unstable();
            needs.dedup();
        }
        needs.push(b);
        if let Some(entry) = self.entries.get_mut(a) {
            entry.spec.needs = needs;
        }
        true
    }

    /// Takes the instance out of every rule, because its place in the plan has passed.
    pub(super) fn set_late(&mut self, id: InstanceId) {
        self.planned = None;
        if let Some(entry) = self.entries.get_mut(id) {
            entry.late = true;
        }
    }

    /// Hands a teardown that has not started to the caller.
    pub(super) fn release(&mut self, now: Instant, id: InstanceId) -> Released<H> {
        let Some(entry) = self.entries.get_mut(id).filter(|entry| entry.is_waiting()) else {
            return Released::Elsewhere;
        };
        entry.state = State::Running { began: now, limit: None };
        let timeout = entry.spec.timeout;
        entry.hook.clone().map_or(Released::Elsewhere, |hook| Released::Run(hook, timeout))
    }

    /// Removes a released instance from the plan.
    pub(super) fn remove(&mut self, id: InstanceId) {
        self.planned = None;
        self.entries.remove(id);
    }

    /// Records the end of a teardown. Returns `None` if that has been done before.
    pub(super) fn finish(&mut self, now: Instant, id: InstanceId, outcome: Outcome) -> Option<&Entry<H>> {
        let entry = self.entries.get_mut(id).filter(|entry| !entry.is_done())?;
        entry.finish(now, outcome);
        entry.hook = None;
        Some(entry)
    }

    /// Returns the plan of all managed instances. After a change it is made again, and so is the node of each entry.
    pub(super) fn planned(&mut self) -> Arc<Planned> {
        if let Some(planned) = &self.planned {
            return Arc::clone(planned);
        }
        for (node, entry) in self.entries.values_mut().enumerate() {
            entry.node = node;
        }
        let planned = self.to_plan();
        self.planned = Some(Arc::clone(&planned));
        planned
    }

    /// Returns the same plan as [`planned`](Registry::planned), and changes nothing.
    pub(super) fn to_plan(&self) -> Arc<Planned> {
        self.planned.clone().unwrap_or_else(|| {
            let mut plan = self.plan();
            let broken = plan.break_cycles();
            let (ids, paths) = (self.ids(), plan.declared_paths());
            Arc::new(Planned { plan, ids, broken, paths })
        })
    }

    /// Returns the plan that the rules ask for, with its cycles.
    pub(super) fn plan(&self) -> Plan {
        let ids = self.ids();
        let need = |id: &InstanceId| Some(Need { of: ids.binary_search(id).ok()?, why: Why::Instance });
        let items = self.entries().map(|entry| Item {
            name: entry.spec.name.clone(),
            class: entry.spec.class,
            order: entry.spec.order,
            timeout: entry.spec.timeout,
            at_notice: None,
            stage: entry.spec.stage,
            needs: entry.spec.needs.iter().filter_map(need).collect(),
            detached: entry.late,
        });
        Plan::new(items.collect(), &self.classes)
    }

    /// Returns the names of the teardowns that have started and not ended (R4).
    pub(super) fn running(&self) -> Vec<&str> {
        let running =
            |entry: &&Entry<H>| matches!(entry.state, State::Running { .. } | State::Started { .. });
        let running: Vec<&Entry<H>> = self.entries().filter(running).collect();
        let key = |at: usize| place(running[at].spec.order, &running[at].spec.name);
        let in_order = sorted(running.len(), &|a, b| key(a).cmp(&key(b)));
        in_order.into_iter().map(|at| &*running[at].spec.name).collect()
    }

    /// Returns the rows of the report, in the order in which the teardowns began (R4), and the edges between them.
    pub(super) fn report(&self, t0: Instant, at_notice: &AtNotice) -> (Vec<InstanceReport>, Vec<EdgeReport>) {
        let (ids, entries): (Vec<InstanceId>, Vec<&Entry<H>>) = self.entries.iter().unzip();
        let key = |at: usize| {
            let entry = entries[at];
            let began = entry.began();
            (began.is_none(), began, place(entry.spec.order, &entry.spec.name))
        };
        let in_order = sorted(entries.len(), &|a, b| key(a).cmp(&key(b)));
        let mut row = vec![0; entries.len()];
        for (at, entry) in in_order.iter().enumerate() {
            row[*entry] = at;
        }
        let rows = |nodes: Vec<usize>| {
            let mut rows: Vec<usize> = nodes.into_iter().map(|node| row[node]).collect();
            rows.sort_unstable();
            rows
        };
        let groups = self.to_plan().plan.groups();
        let edges = groups.into_iter().map(|Group { first, then, why }| EdgeReport {
            first: rows(first),
            then: rows(then),
            why: why.to_string(),
        });
        let row = |at: usize| entries[at].row(t0, at_notice.row(ids[at], t0));
        (in_order.into_iter().map(row).collect(), edges.collect())
    }
}
