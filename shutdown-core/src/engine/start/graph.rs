//! What has to start for some resources, as a plan.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::Startable;
use super::attempt::{Attempts, Given, attempts};
use super::values::{Handle, Values};
use crate::plan::{Class, Item, Need, Node, Plan, Why};
use crate::report::Reason;
use crate::resource::Resource;
use crate::resource::declaration::Declaration;
use crate::resource::link::Link;
use crate::resource::needs::Needs;
use crate::stage::TeardownStage;
use crate::start::{Failed, Start, Times};

/// How one type starts, as generated code declares it.
#[derive(Clone, Copy)]
pub struct Starting {
    declaration: Link,
    location: &'static Location<'static>,
    times: Times,
    needs: &'static [fn() -> &'static Starting],
    /// `None` for a resource that is provided.
    attempts: Option<Attempts>,
    /// Returns the handle of the instance, if there is one.
    held: fn(&Values) -> Option<Handle>,
}

impl Starting {
    /// Declares a type with an `impl Start`.
    #[must_use]
    #[track_caller]
    pub const fn new<T: super::Start>(needs: &'static [fn() -> &'static Starting]) -> Starting {
        Starting { needs, attempts: Some(attempts::<T>), ..Starting::provided::<T>() }
    }

    /// Declares a type that is provided.
    #[must_use]
    #[track_caller]
    pub const fn provided<T: Resource>() -> Starting {
        let times = Times { timeout: None, retry: None };
        Starting {
            declaration: T::LINK,
            location: Location::caller(),
            times,
            needs: &[],
            attempts: None,
            held: held::<T>,
        }
    }

    /// Sets `timeout = ".."`.
    #[must_use]
    pub const fn timeout(mut self, seconds: u64, nanos: u32) -> Starting {
        self.times.timeout = Some(Duration::new(seconds, nanos));
        self
    }

    /// Sets `retry = ".."`.
    #[must_use]
    pub const fn retry(mut self, seconds: u64, nanos: u32) -> Starting {
        self.times.retry = Some(Duration::new(seconds, nanos));
        self
    }

    fn declaration(&self) -> &'static Declaration {
        self.declaration.get()
    }

    pub(super) fn name(&self) -> &'static str {
        self.declaration().name
    }

    pub(super) fn location(&self) -> &'static Location<'static> {
        self.location
    }

    pub(super) fn attempts(&self) -> Option<Attempts> {
        self.attempts
    }

    /// Returns the types of the arguments.
    pub(super) fn needs(&self) -> impl Iterator<Item = TypeId> {
        self.needs.iter().map(|need| need().type_id())
    }

    fn type_id(&self) -> TypeId {
        (self.declaration().type_id)()
    }
}

impl fmt::Debug for Starting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Starting").field(&self.name()).finish()
    }
}

fn held<T: Resource>(values: &Values) -> Option<Handle> {
    values.get::<T>().map(Handle::of)
}

/// Returns how a type starts. A function, because the constants of two types would follow each other in a cycle.
pub(super) fn starting<T: Startable>() -> &'static Starting {
    T::STARTING
}

/// Some resources, and all that has to start before them.
pub(super) struct Graph {
    items: Vec<&'static Starting>,
    started: Vec<bool>,
    plan: Plan,
}

impl Graph {
    /// Returns what has to start for these resources. Those that have started are put into `given`.
    pub(super) fn of(roots: &[&'static Starting], given: &Given) -> Graph {
        let values = &given.lifecycle.engine().values;
        let (mut items, mut started) = (Vec::<&'static Starting>::new(), Vec::new());
        let mut class_of: HashMap<TypeId, usize> = HashMap::new();
        let mut open: Vec<&'static Starting> = roots.iter().rev().copied().collect();
        while let Some(starting) = open.pop() {
            if class_of.contains_key(&starting.type_id()) {
                continue;
            }
            class_of.insert(starting.type_id(), items.len());
            items.push(starting);
            let held = (starting.held)(values);
            started.push(held.is_some());
            match held {
                // A value that is there needs nothing any more.
                Some(held) => given.handles.put(starting.type_id(), held),
                None => open.extend(starting.needs.iter().map(|need| need())),
            }
        }
        let classes: Vec<Class> = items
            .iter()
            .map(|starting| {
                let needs = Needs::of(starting.declaration());
                let known = needs.iter().filter_map(|need| {
                    Some(Need { of: *class_of.get(&need.type_id)?, why: need.reason.into() })
                });
                // A generic type declares the arguments of its start nowhere else.
                let arguments = starting
                    .needs()
                    .filter_map(|need| Some(Need { of: *class_of.get(&need)?, why: Why::Start }));
                Class { needs: known.chain(arguments).collect() }
            })
            .collect();
        let nodes = items.iter().enumerate().map(|(class, starting)| {
            let declaration = starting.declaration();
            Item {
                name: declaration.name.into(),
                class,
                order: declaration.order,
                stage: TeardownStage::of(declaration.last),
                ..Item::default()
            }
        });
        let plan = Plan::new(nodes.collect(), &classes);
        Graph { items, started, plan }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.items.iter().map(|starting| starting.name())
    }

    pub(super) fn get(&self, item: Node) -> &'static Starting {
        self.items[item]
    }

    pub(super) fn has_started(&self) -> bool {
        self.started.iter().all(|started| *started)
    }

    /// Says why these resources cannot start at all.
    pub(super) fn fault(&self, hint: &str) -> Option<String> {
        if let Some(cycle) = self.plan.cycle() {
            return Some(format!("dependency cycle: {cycle}"));
        }
        let missing = |(starting, started): &(&&Starting, &bool)| !**started && starting.attempts.is_none();
        let missing = self.items.iter().zip(&self.started).find(missing);
        missing.map(|(starting, _)| {
            format!("`{}` is not provided: {hint} (declared at {})", starting.name(), starting.location)
        })
    }

    pub(super) fn start(&self, now: Instant) -> Start {
        let times = self.items.iter().map(|starting| starting.times).collect();
        Start::new(now, &self.plan, times, &self.started)
    }

    pub(super) fn reason(&self, failed: Failed) -> Reason {
        let name = |item: Node| self.items[item].name().into();
        Reason::StartFailed {
            name: name(failed.item),
            error: failed.error,
            attempts: failed.attempts,
            took: failed.took,
            waiting: failed.waiting.into_iter().map(name).collect(),
        }
    }
}
