//! The managed instances: what each is, and how far its teardown has come.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::plan::{Class, Cycle, DeclaredPath, Item, Plan, Why, place};
use crate::report::{InstanceReport, Outcome};
use crate::sort::sorted;
use crate::stage::Stage;

/// Names a managed instance, uniquely in its lifecycle, in order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct InstanceId(pub(crate) u64);

/// What is known of an instance when it is managed.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) name: Cow<'static, str>,
    /// From [`Registry::class`], or [`NO_CLASS`].
    pub(crate) class: usize,
    pub(crate) order: Option<i32>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) last: bool,
    pub(crate) location: &'static Location<'static>,
    /// The instances it precedes, beyond what its class says.
    pub(crate) needs: Vec<InstanceId>,
    /// More is about to be said of it. If the teardown has begun before that, it waits, and nothing waits for it.
    pub(crate) unsaid: bool,
}

/// The class of what has no type, and so no rule but its own: nothing needs it.
pub(crate) const NO_CLASS: usize = 0;

#[derive(Clone, Debug)]
pub(super) enum State {
    Waiting,
    /// Handed to the runtime.
    Started {
        since: Instant,
    },
    /// On a thread. `until` is its limit, once there is a plan to share out the time.
    Running {
        began: Instant,
        until: Option<Instant>,
    },
    Done {
        began: Option<Instant>,
        ended: Instant,
        outcome: Outcome,
    },
}

#[derive(Debug)]
pub(super) struct Entry<H> {
    pub(super) spec: Spec,
    pub(super) hook: Option<H>,
    pub(super) state: State,
    /// Its place in the plan had passed when it was managed.
    pub(super) late: bool,
    /// Its node, once there is a plan.
    pub(super) node: usize,
}

impl<H> Entry<H> {
    /// What becomes of it in the report of a stop that began at `t0`.
    fn row(&self, t0: Instant) -> InstanceReport {
        let (took, outcome) = match &self.state {
            State::Done { began, ended, outcome } => {
                let took = began.map(|began| ended.saturating_duration_since(began));
                (took.unwrap_or_default(), outcome.clone())
            }
            _ => (Duration::ZERO, Outcome::NotRun),
        };
        InstanceReport {
            name: self.spec.name.clone(),
            location: self.spec.location,
            last: self.spec.last,
            late: self.late,
            start: self.began().map(|began| began.saturating_duration_since(t0)),
            took,
            outcome,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done { .. })
    }

    /// Whether it was handed to the runtime, has not begun, and that is not longer ago than `patience`.
    pub(super) fn is_about_to_begin(&self, now: Instant, patience: Duration) -> bool {
        matches!(self.state, State::Started { since } if now < since + patience)
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }

    fn began(&self) -> Option<Instant> {
        match self.state {
            State::Running { began, .. } => Some(began),
            State::Done { began, .. } => began,
            State::Waiting | State::Started { .. } => None,
        }
    }

    pub(super) fn finish(&mut self, now: Instant, outcome: Outcome) {
        let began = self.began();
        self.state = State::Done { began, ended: now, outcome };
    }
}

/// What comes of a wish to release an instance.
#[must_use]
#[derive(Debug)]
pub(crate) enum Released<H> {
    /// It is the caller's to tear down, now, within its time-out.
    Run(H, Option<Duration>),
    /// Its teardown is somebody else's, or over.
    Elsewhere,
}

/// The plan of all that is managed, as it can be carried out.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// Without cycles: each is broken.
    pub(super) plan: Plan,
    /// The instance of each node.
    pub(super) ids: Vec<InstanceId>,
    pub(super) broken: Vec<Cycle>,
    /// The longest declared paths of what is not `last`, and of what is.
    pub(super) cleanup: DeclaredPath,
    pub(super) flush: DeclaredPath,
}

#[derive(Debug)]
pub(super) struct Registry<H> {
    entries: BTreeMap<InstanceId, Entry<H>>,
    class_of: HashMap<TypeId, usize>,
    classes: Vec<Class>,
    /// What was planned last; gone when something has come, gone or changed since.
    planned: Option<Arc<Planned>>,
    /// What comes from now on and is unsaid has no place yet.
    tearing_down: bool,
}

impl<H> Default for Registry<H> {
    fn default() -> Registry<H> {
        // The first class is `NO_CLASS`.
        let classes = vec![Class::default()];
        Registry {
            entries: BTreeMap::new(),
            class_of: HashMap::new(),
            classes,
            planned: None,
            tearing_down: false,
        }
    }
}

impl<H: Clone> Registry<H> {
    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry<H>> {
        self.entries.values_mut()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<H>> {
        self.entries.values()
    }

    /// The names of what a stop waits for (R4).
    pub(super) fn running(&self) -> Vec<&str> {
        let running =
            |entry: &&Entry<H>| matches!(entry.state, State::Running { .. } | State::Started { .. });
        let running: Vec<&Entry<H>> = self.entries.values().filter(running).collect();
        let key = |at: usize| place(running[at].spec.order, &running[at].spec.name);
        let in_order = sorted(running.len(), &|a, b| key(a).cmp(&key(b)));
        in_order.into_iter().map(|at| &*running[at].spec.name).collect()
    }

    pub(super) fn get_mut(&mut self, id: InstanceId) -> Option<&mut Entry<H>> {
        self.entries.get_mut(&id)
    }

    pub(super) fn get(&self, id: InstanceId) -> Option<&Entry<H>> {
        self.entries.get(&id)
    }

    pub(super) fn class(&mut self, class: TypeId, needs: impl FnOnce() -> Vec<(TypeId, Why)>) -> usize {
        let known = self.class_of.get(&class).copied();
        let at = known.unwrap_or_else(|| self.name_class(class));
        // A class that was only named as a need so far has none of its own yet.
        if self.classes[at].needs.is_empty() {
            let needs = needs();
            self.classes[at].needs =
                needs.into_iter().map(|(class, why)| (self.name_class(class), why)).collect();
        }
        at
    }

    fn name_class(&mut self, class: TypeId) -> usize {
        *self.class_of.entry(class).or_insert_with(|| {
            self.classes.push(Class::default());
            self.classes.len() - 1
        })
    }

    pub(super) fn insert(&mut self, id: InstanceId, spec: Spec, hook: H) {
        self.planned = None;
        self.entries
            .insert(id, Entry { spec, hook: Some(hook), state: State::Waiting, late: false, node: 0 });
    }

    /// Whether both are known and neither has begun, so that the edge counts.
    pub(super) fn depends_on(&mut self, a: InstanceId, b: InstanceId) -> bool {
        let waiting = |entry: Option<&Entry<H>>| entry.is_some_and(Entry::is_waiting);
        if a == b || !waiting(self.entries.get(&a)) || !waiting(self.entries.get(&b)) {
            return false;
        }
        self.planned = None;
        let needs = |entry: &mut Entry<H>| std::mem::take(&mut entry.spec.needs);
        let mut needs = self.entries.get_mut(&a).map(needs).unwrap_or_default();
        if needs.len().is_power_of_two() {
            // What it needed may have been released, and replaced, many times.
            needs.retain(|id| self.entries.contains_key(id));
            needs.sort_unstable();
            needs.dedup();
        }
        needs.push(b);
        if let Some(entry) = self.entries.get_mut(&a) {
            entry.spec.needs = needs;
        }
        true
    }

    /// Whether its teardown has not begun, so that the change counts.
    pub(super) fn amend(&mut self, id: InstanceId, change: impl FnOnce(&mut Spec)) -> bool {
        self.planned = None;
        match self.entries.get_mut(&id) {
            Some(entry) if entry.is_waiting() => change(&mut entry.spec),
            _ => return false,
        }
        true
    }

    /// Nothing more will be said of it; whether anything was to come.
    pub(super) fn all_said(&mut self, id: InstanceId) -> bool {
        self.planned = None;
        let unsaid = |entry: &mut Entry<H>| std::mem::take(&mut entry.spec.unsaid);
        self.entries.get_mut(&id).is_some_and(unsaid)
    }

    /// The teardown begins: what has been said of everything is all.
    pub(super) fn close_sayings(&mut self) {
        self.tearing_down = true;
        self.entries.values_mut().for_each(|entry| entry.spec.unsaid = false);
    }

    /// Its place in the plan has passed: no rule holds for it.
    pub(super) fn set_late(&mut self, id: InstanceId) {
        self.planned = None;
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.late = true;
        }
    }

    pub(super) fn release(&mut self, now: Instant, id: InstanceId, stage: Stage) -> Released<H> {
        match self.entries.get_mut(&id) {
            Some(entry) if entry.is_waiting() && stage < Stage::Cleanup => {
                entry.state = State::Running { began: now, until: None };
                let timeout = entry.spec.timeout;
                entry.hook.clone().map_or(Released::Elsewhere, |hook| Released::Run(hook, timeout))
            }
            _ => Released::Elsewhere,
        }
    }

    pub(super) fn remove(&mut self, id: InstanceId) {
        self.planned = None;
        self.entries.remove(&id);
    }

    pub(super) fn limit(&self, id: InstanceId) -> Option<Instant> {
        match self.entries.get(&id)?.state {
            State::Running { until, .. } => until,
            _ => None,
        }
    }

    /// The plan of all that is managed now, and each entry's node in it.
    pub(super) fn planned(&mut self) -> Arc<Planned> {
        if let Some(planned) = &self.planned {
            return Arc::clone(planned);
        }
        for (node, entry) in self.entries.values_mut().enumerate() {
            entry.node = node;
        }
        let mut plan = self.plan();
        let planned = Arc::new(Planned {
            broken: plan.break_cycles(),
            ids: self.entries.keys().copied().collect(),
            cleanup: plan.declared_path(false),
            flush: plan.declared_path(true),
            plan,
        });
        self.planned = Some(Arc::clone(&planned));
        planned
    }

    /// The same as the rules have it, cycles and all.
    pub(super) fn plan(&self) -> Plan {
        let ids: Vec<InstanceId> = self.entries.keys().copied().collect();
        let node = |id: &InstanceId| ids.binary_search(id).ok();
        let items = self.entries.values().map(|entry| Item {
            name: entry.spec.name.clone(),
            class: entry.spec.class,
            order: entry.spec.order,
            timeout: entry.spec.timeout,
            last: entry.spec.last,
            needs: entry.spec.needs.iter().filter_map(|id| Some((node(id)?, Why::Instance))).collect(),
            detached: entry.late || self.tearing_down && entry.spec.unsaid,
        });
        Plan::new(items.collect(), &self.classes)
    }

    /// Every instance as it ended, in the order in which they began (R4).
    pub(super) fn report(&self, t0: Instant) -> Vec<InstanceReport> {
        let entries: Vec<&Entry<H>> = self.entries.values().collect();
        let key = |at: usize| {
            let entry = entries[at];
            let began = entry.began();
            (began.is_none(), began, place(entry.spec.order, &entry.spec.name))
        };
        let in_order = sorted(entries.len(), &|a, b| key(a).cmp(&key(b)));
        in_order.into_iter().map(|at| entries[at].row(t0)).collect()
    }
}
