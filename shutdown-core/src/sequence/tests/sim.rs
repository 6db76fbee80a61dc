//! A world in virtual time: it carries out the actions of the sequence, and records what happens.

mod actions;

use std::any::TypeId;
use std::collections::BTreeMap;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::scenario::{At, Doing, Fate, Life, Main, Run, Scenario};
use super::script::signal;
use crate::plan::Item;
use crate::report::{Failure, FailureKind, MainOutcome, Outcome, Reason, Straggler};
use crate::sequence::{Config, Event, InstanceId, Released, Sequence, Spec, World};
use crate::stage::Stage;

#[derive(Clone, Debug)]
enum Happening {
    Ready,
    Began(usize),
    Ended(usize),
    HookEnded(usize),
    HookDropped(usize),
    WorkEnds(usize),
    GateLooks,
    MainEnds(MainOutcome),
    Doing(Doing),
}

struct InFlight(usize);

impl World for InFlight {
    fn in_flight(&self, _: bool) -> Vec<Straggler> {
        (self.0 > 0).then_some(Straggler::Passes { count: self.0 }).into_iter().collect()
    }
}

pub(super) struct Sim<'a> {
    scenario: &'a Scenario,
    sequence: Sequence<usize>,
    managed: u64,
    base: Instant,
    now: Duration,
    random: u64,
    agenda: BTreeMap<(Duration, u64, usize), Happening>,
    serial: usize,
    /// The happenings that wait for a thread while the runtime is blocked.
    held: Option<Vec<Happening>>,
    at_step: Vec<(usize, Doing)>,
    draining: bool,
    work: Vec<bool>,
    main_out: bool,
    told_drained: bool,
    run: Run,
}

/// Runs a scenario to its end.
pub(super) fn run(scenario: &Scenario) -> Run {
    let mut sim = Sim::new(scenario);
    sim.start_up();
    while sim.step() {}
    sim.afterwards();
    sim.run
}

fn type_of(class: usize) -> TypeId {
    struct Numbered<const N: usize>;
    [
        TypeId::of::<Numbered<0>>(),
        TypeId::of::<Numbered<1>>(),
        TypeId::of::<Numbered<2>>(),
        TypeId::of::<Numbered<3>>(),
        TypeId::of::<Numbered<4>>(),
    ][class]
}

fn outcome_of(fate: Fate) -> Outcome {
    let kind = match fate {
        Fate::Fine | Fate::Hangs => return Outcome::Ok,
        Fate::Fails => FailureKind::Error,
        Fate::Panics => FailureKind::Panic,
    };
    Outcome::Failed {
        unconfirmed: Vec::new(),
        failures: vec![Failure { step: "teardown", kind, message: "on purpose".to_owned() }],
    }
}

impl<'a> Sim<'a> {
    fn new(scenario: &'a Scenario) -> Sim<'a> {
        let config = Config {
            grace: scenario.grace,
            fits_into: scenario.grace,
            lame_duck: scenario.lame_duck,
            job: scenario.job,
        };
        Sim {
            sequence: Sequence::new(config),
            managed: 0,
            base: Instant::now(),
            now: Duration::ZERO,
            random: scenario.seed | 1,
            agenda: BTreeMap::new(),
            serial: 0,
            held: None,
            at_step: Vec::new(),
            draining: false,
            work: vec![true; scenario.work.len()],
            main_out: true,
            told_drained: false,
            run: Run {
                lives: vec![Life::default(); scenario.instances.len()],
                needs: Vec::new(),
                count: 0,
                steps: 0,
                stages: vec![(Stage::Running, Duration::ZERO, 0)],
                fed: Vec::new(),
                begun: Vec::new(),
                hurried: Vec::new(),
                died: Vec::new(),
                drains: 0,
                cut: None,
                cut_at: None,
                drain_left: Vec::new(),
                exits: Vec::new(),
            },
            scenario,
        }
    }

    fn start_up(&mut self) {
        let later = |at: usize| {
            let manage = Doing::Manage(at);
            self.scenario.doings.iter().any(|(_, doing)| *doing == manage)
        };
        let first: Vec<usize> = (0..self.scenario.instances.len()).filter(|at| !later(*at)).collect();
        for at in first {
            self.manage(at);
        }
        if let Some(ready) = self.scenario.ready {
            self.plan(ready, Happening::Ready);
        }
        if let Main::At(at, ending) = &self.scenario.main {
            self.plan(*at, Happening::MainEnds(ending.clone()));
        }
        for (at, doing) in &self.scenario.doings {
            match at {
                At::Time(at) => self.plan(*at, Happening::Doing(*doing)),
                At::Step(step) => self.at_step.push((*step, *doing)),
            }
        }
    }

    fn chance(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn plan(&mut self, at: Duration, happening: Happening) {
        self.serial += 1;
        let key = (at.max(self.now), self.chance(), self.serial);
        self.agenda.insert(key, happening);
    }

    /// Lets the next thing happen. Returns `false` if there is none.
    fn step(&mut self) -> bool {
        if !self.run.exits.is_empty() {
            return false;
        }
        assert!(self.run.steps < 1_000, "no end in sight");
        let steps = self.run.steps;
        if let Some(due) = self.at_step.iter().position(|(step, _)| *step <= steps) {
            let (_, doing) = self.at_step.swap_remove(due);
            self.happen(Happening::Doing(doing));
            return true;
        }
        let wake = self.sequence.wake_at().map(|at| {
            let at = at.saturating_duration_since(self.base) + self.scenario.jitter;
            (at.max(self.now), self.chance(), 0)
        });
        let first = self.agenda.keys().next().copied();
        match (wake, first) {
            (Some(wake), first) if first.is_none_or(|first| wake < first) => {
                self.now = wake.0;
                self.feed(Event::Tick);
                let next = self.sequence.wake_at();
                assert!(next.is_none_or(|next| next > self.base + self.now), "it ticks on the spot");
                true
            }
            (_, Some(first)) => {
                self.now = first.0;
                if let Some(happening) = self.agenda.remove(&first) {
                    self.happen(happening);
                }
                true
            }
            (_, None) => false,
        }
    }

    fn happen(&mut self, happening: Happening) {
        let needs_thread = !matches!(happening, Happening::Ready | Happening::Doing(_));
        if let Some(held) = self.held.as_mut().filter(|_| needs_thread) {
            held.push(happening);
            return;
        }
        match happening {
            Happening::Ready => self.feed(Event::Ready),
            Happening::Began(at) => {
                let instance = &self.scenario.instances[at];
                if self.run.lives[at].abandoned {
                    return;
                }
                let id = self.id(at);
                self.run.lives[at].began = Some(self.now);
                self.feed(Event::Began(id));
                let life = &mut self.run.lives[at];
                if matches!(life.done, Some((.., Outcome::NotRun))) {
                    // Its time was up before the event.
                    life.began = None;
                }
                if instance.fate != Fate::Hangs {
                    self.plan(self.now + instance.takes, Happening::Ended(at));
                }
            }
            Happening::Ended(at) => {
                // Sometimes a dropped teardown ends nevertheless. That must have no effect.
                if self.run.lives[at].abandoned && !self.chance().is_multiple_of(4) {
                    return;
                }
                let outcome = self.outcome(at);
                if self.run.lives[at].done.is_none() {
                    self.run.lives[at].done = Some((self.run.count, self.now, outcome.clone()));
                }
                let id = self.id(at);
                self.feed(Event::Ended(id, outcome));
            }
            Happening::HookEnded(at) => {
                let fate = self.scenario.instances[at].at_notice.map_or(Fate::Fine, |hook| hook.fate);
                let outcome = outcome_of(fate);
                if let Some(hook) = &mut self.run.lives[at].hook {
                    // A hook that blocked its thread may go on and end, after it was given up.
                    let blocks =
                        self.scenario.instances[at].at_notice.is_some_and(|hook| hook.drops.is_none());
                    match hook.gave_up {
                        Some(_) if !blocks => return,
                        Some(_) => {}
                        None => hook.ended = Some((self.now, outcome.clone())),
                    }
                    hook.gone = Some((self.run.count, self.now));
                }
                let id = self.id(at);
                self.feed(Event::AtNoticeEnded(id, outcome));
            }
            Happening::HookDropped(at) => {
                if let Some(hook) = &mut self.run.lives[at].hook {
                    hook.gone = Some((self.run.count, self.now));
                }
                let id = self.id(at);
                self.feed(Event::AtNoticeEnded(id, Outcome::TimedOut));
            }
            Happening::WorkEnds(at) => {
                self.work[at] = false;
                self.tell_drained();
            }
            Happening::GateLooks => self.tell_drained(),
            Happening::MainEnds(ending) => {
                if std::mem::replace(&mut self.main_out, false) {
                    self.feed(Event::MainEnded(ending));
                    self.tell_drained();
                }
            }
            Happening::Doing(doing) => self.carry_out(doing),
        }
    }

    fn carry_out(&mut self, doing: Doing) {
        match doing {
            Doing::Signal(number) => {
                self.feed(signal(number));
            }
            Doing::Request => self.feed(Event::Stop(Reason::Requested { reason: "because".into() })),
            Doing::Fail => self.feed(Event::Stop(Reason::Failed { error: "no".into() })),
            Doing::EssentialEnds => {
                let name = "consumer".into();
                self.feed(Event::EssentialEnded { name, error: None });
            }
            Doing::TaskPanics => self.feed(Event::TaskPanicked),
            Doing::Manage(at) => self.manage(at),
            Doing::Release(at) => self.release(at),
            Doing::DependsOn(a, b) => self.depends_on(a, b),
            Doing::Block => self.held = Some(self.held.take().unwrap_or_default()),
            Doing::Unblock => {
                for happening in self.held.take().unwrap_or_default() {
                    self.plan(self.now, happening);
                }
            }
        }
        self.run.steps += 1;
        self.carry_on();
    }

    fn id(&self, at: usize) -> InstanceId {
        self.run.lives[at].id.expect("it was managed")
    }

    fn outcome(&self, at: usize) -> Outcome {
        outcome_of(self.scenario.instances[at].fate)
    }

    fn world(&self) -> InFlight {
        InFlight(self.work.iter().filter(|out| **out).count())
    }

    fn feed(&mut self, event: Event) {
        self.run.steps += 1;
        self.run.count += 1;
        self.run.fed.push((self.now, self.sequence.stage(), event.clone()));
        let world = self.world();
        self.sequence.on(self.base + self.now, event, &world);
        self.carry_on();
    }

    fn manage(&mut self, at: usize) {
        if self.run.lives[at].id.is_some() || self.run.lives[at].refused {
            return;
        }
        let Item { name, class, order, timeout, stage: teardown_stage, needs, .. } =
            self.scenario.instances[at].item.clone();
        let classes = &self.scenario.classes;
        let class = self.sequence.class(type_of(class), || {
            let needs = classes[class].needs.iter();
            needs.map(|need| (type_of(need.of), need.why)).collect()
        });
        // An instance that has left the plan has no id any more.
        let known: Vec<usize> =
            needs.iter().map(|need| need.of).filter(|other| self.run.lives[*other].id.is_some()).collect();
        let spec = Spec {
            name,
            class,
            order,
            timeout,
            stage: teardown_stage,
            location: Location::caller(),
            at_notice: self.scenario.instances[at].at_notice.is_some(),
            needs: known.iter().map(|other| self.id(*other)).collect(),
        };
        let stage = self.sequence.stage();
        self.run.lives[at].managed = Some((self.run.count, stage));
        let world = self.world();
        let id = InstanceId(self.managed);
        self.managed += 1;
        let managed = self.sequence.manage(self.base + self.now, id, spec, at, &world);
        assert_eq!(managed, stage != Stage::Exited);
        if !managed {
            self.run.lives[at].refused = true;
            return;
        }
        self.run.lives[at].id = Some(id);
        self.run.needs.extend(known.into_iter().map(|other| (at, other)));
        self.carry_on();
        for other in 0..self.scenario.instances.len() {
            let needs = &self.scenario.instances[other].item.needs;
            if other != at && needs.iter().any(|need| need.of == at) {
                self.depends_on(other, at);
            }
        }
    }

    fn depends_on(&mut self, a: usize, b: usize) {
        let waits = |life: &Life| life.id.is_some() && life.started.is_none() && life.released.is_none();
        let (Some(one), Some(other)) = (self.run.lives[a].id, self.run.lives[b].id) else {
            return;
        };
        let exited = self.sequence.stage() == Stage::Exited;
        if a != b && !exited && waits(&self.run.lives[a]) && waits(&self.run.lives[b]) {
            self.run.needs.push((a, b));
        }
        self.sequence.depends_on(self.base + self.now, one, other);
        self.carry_on();
    }

    fn release(&mut self, at: usize) {
        let Some(id) = self.run.lives[at].id else { return };
        let stage = self.sequence.stage();
        if let Released::Run(hook, _) = self.sequence.release(self.base + self.now, id) {
            assert_eq!(hook, at);
            self.begin_release(at, stage);
        }
    }

    fn begin_release(&mut self, at: usize, stage: Stage) {
        let instance = &self.scenario.instances[at];
        self.run.count += 1;
        let life = &mut self.run.lives[at];
        life.starts += 1;
        life.released = Some(stage);
        life.began = Some(self.now);
        life.released_at = Some(self.run.count);
        if instance.fate != Fate::Hangs {
            self.plan(self.now + instance.takes, Happening::Ended(at));
        }
    }

    /// Checks that no event has an effect after the exit, and that a new instance is refused.
    fn afterwards(&mut self) {
        if self.run.exits.is_empty() {
            return;
        }
        for at in 0..self.run.lives.len() {
            match self.run.lives[at].id {
                None => self.manage(at),
                Some(id) => {
                    self.feed(Event::Ended(id, Outcome::Ok));
                    self.release(at);
                }
            }
        }
        self.now += Duration::from_secs(1);
        let counts = (self.run.hurried.len(), self.run.begun.len());
        self.feed(Event::Tick);
        self.carry_out(Doing::Signal(15));
        self.carry_out(Doing::Request);
        assert_eq!(counts, (self.run.hurried.len(), self.run.begun.len()));
        assert_eq!(self.sequence.wake_at(), None);
    }
}
