//! A stop that a test drives step by step, at exact instants. Times are milliseconds since the base.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::MS;
use crate::report::{FactKind, Reason, Report, Straggler};
use crate::sequence::{Action, Config, Event, InstanceId, NO_CLASS, Sequence, Signal, Spec, World};
use crate::stage::{Stage, TeardownStage};

/// A world in which this work is in flight.
pub(super) struct InFlight(pub(super) Vec<Straggler>);

impl World for InFlight {
    fn in_flight(&self, _: bool) -> Vec<Straggler> {
        self.0.clone()
    }
}

/// A sequence whose hooks are names.
pub(super) struct Script {
    pub(super) sequence: Sequence<&'static str>,
    pub(super) base: Instant,
    pub(super) world: InFlight,
    pub(super) managed: u64,
}

pub(super) const LAME_DUCK: Duration = Duration::from_secs(2);

pub(super) fn service(lame_duck: Duration) -> Script {
    script(Config { grace: 10_000 * MS, fits_into: 10_000 * MS, lame_duck, job: false })
}

pub(super) fn script(config: Config) -> Script {
    let world = InFlight(Vec::new());
    Script { sequence: Sequence::new(config), base: Instant::now(), world, managed: 0 }
}

/// A service that is ready.
pub(super) fn ready(lame_duck: Duration) -> Script {
    let mut script = service(lame_duck);
    script.at(0, Event::Ready);
    script
}

pub(super) fn signal(number: i32) -> Event {
    Event::Signal(Signal { number, sender: None, interrupt: number == 2, within: None })
}

/// The close of a Windows console, after which the system ends the process within 4.75 s.
pub(super) fn close() -> Event {
    Event::Signal(Signal { number: 2, sender: None, interrupt: true, within: Some(4_750 * MS) })
}

pub(super) fn request() -> Event {
    Event::Stop(Reason::Requested { reason: "test".into() })
}

pub(in crate::sequence) fn spec(name: &'static str) -> Spec {
    Spec {
        name: name.into(),
        class: NO_CLASS,
        order: None,
        timeout: None,
        stage: TeardownStage::Cleanup,
        location: std::panic::Location::caller(),
        at_notice: false,
        needs: Vec::new(),
    }
}

/// Returns an action as text, so that a test can compare it. A fact that changes nothing is left out.
fn text(action: Action<&'static str>) -> Option<String> {
    Some(match action {
        Action::Begin { reason, .. } => format!("begin: {reason}"),
        Action::Hurry { .. } => "hurry".to_owned(),
        Action::Drain => "drain".to_owned(),
        Action::CutMain => "cut main".to_owned(),
        Action::CutWork => "cut work".to_owned(),
        Action::StartAtNotice(_, name) => format!("notify {name}"),
        Action::AbandonAtNotice(name) => format!("drop the hook of {name}"),
        Action::Release(_, name, _) => format!("release {name}"),
        Action::Start(_, name, _) => format!("start {name}"),
        Action::Abandon(name, outcome) => format!("abandon {name}: {outcome}"),
        Action::Tell(FactKind::Waiting { stage, names, .. }) => {
            format!("{stage} waits for {}", names.join(", "))
        }
        Action::Tell(_) => return None,
        Action::Exit { report, .. } => format!("exit {}", report.exit_status()),
        Action::Scaled(why) => format!("scaled: {why}"),
        Action::Die(signal) => format!("die {signal}"),
    })
}

impl Script {
    pub(super) fn raw(&mut self, millis: u64, event: Event) -> Vec<Action<&'static str>> {
        self.sequence.on(self.base + Duration::from_millis(millis), event, &self.world);
        self.sequence.take_actions()
    }

    pub(super) fn at(&mut self, millis: u64, event: Event) -> Vec<String> {
        self.raw(millis, event).into_iter().filter_map(text).collect()
    }

    pub(super) fn tick(&mut self, millis: u64) -> Vec<String> {
        self.at(millis, Event::Tick)
    }

    pub(super) fn manage(&mut self, millis: u64, spec: Spec) -> InstanceId {
        let (id, hook) = (InstanceId(self.managed), "hook");
        self.managed += 1;
        let name = match &spec.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(_) => hook,
        };
        let now = self.base + Duration::from_millis(millis);
        self.sequence.manage(now, id, spec, name, &self.world);
        id
    }

    pub(super) fn millis(&self, at: Option<Instant>) -> Option<u128> {
        at.map(|at| at.duration_since(self.base).as_millis())
    }

    pub(super) fn wakes(&self) -> Option<u128> {
        self.millis(self.sequence.wake_at())
    }

    /// Returns the time until the drain ends, in milliseconds.
    pub(super) fn drain_remaining(&self, ms: u64) -> u64 {
        let left = self.sequence.drain_remaining(self.base + Duration::from_millis(ms));
        u64::try_from(left.as_millis()).expect("a time within grace")
    }

    pub(super) fn deadline(&self) -> Option<u128> {
        self.millis(self.sequence.deadline())
    }

    pub(super) fn stage(&self) -> Stage {
        self.sequence.stage()
    }

    /// Goes on until the exit, and returns the report.
    #[track_caller]
    pub(super) fn report(&mut self, millis: u64, event: Event) -> Report {
        let exit = self.raw(millis, event).into_iter().find_map(|action| match action {
            Action::Exit { report, .. } => Some(*report),
            _ => None,
        });
        exit.expect("the stop is over")
    }
}
