//! The way from the request to stop to the exit, as a state machine without clock, threads or tokio.
//!
//! ```text
//!            stop             lame duck over        drained, or cut off        all ended, or out of time
//!  Running ─────────▶ LameDuck ────────────▶ Drain ────────────────────▶ Cleanup ─────────▶ Flush ─────▶ Exited
//!     └─ before `ready()`, SIGINT, `main` ended, no lame duck ─▲          └── nothing is `last` ───────────▲
//! ```
//!
//! Whoever sees something happen calls [`Sequence::on`] with the time and the [`Event`], then carries out the
//! [`Action`]s that it finds in [`Sequence::take_actions`]. [`Sequence::wake_at`] says when to call again with
//! [`Event::Tick`] if nothing happens until then. The supervisor thread, a task on a paused clock and a test that only
//! counts all drive the same machine.
//!
//! Invariants, each checked over random plans and faults in `sequence/tests.rs`:
//!
//! 1. A stage is never left for an earlier one, and `T0` and the reason never change.
//! 2. An instance goes `Waiting → Started → Running → Done`, may skip steps, and never goes back (R6).
//! 3. An instance is started only when all that precede it are `Done`, or its place has passed (R1, R2, R8).
//! 4. A `Running` instance is `Done` at its limit (R7, R10).
//! 5. `Exited` is reached at the end of the flush's budget, whatever happens or does not (R9); half of the margin later if
//!    something was set free too late to begin before (R6).

mod instances;
mod registry;
mod signals;
mod teardown;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::{Duration, Instant};

pub(crate) use registry::{InstanceId, NO_CLASS, Released, Spec};
use registry::{Planned, Registry, State};
use signals::{Press, Signals};
use teardown::Teardown;

use crate::budget::{self, Budget};
use crate::plan::Plan;
use crate::report::{MainOutcome, Outcome, Reason, Report, StageReport, Straggler};
use crate::stage::Stage;

/// A longer grace than this is cut to it, so that no arithmetic on instants overflows: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// How often a stop that goes on says what it waits for.
const WORD: Duration = Duration::from_secs(5);

/// What a lifecycle is told before it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    pub(crate) grace: Duration,
    pub(crate) lame_duck: Duration,
    /// Ready from the start, and without a lame duck.
    pub(crate) job: bool,
}

/// What happens to a lifecycle.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Start-up is over.
    Ready,
    /// Somebody asks for a stop.
    Stop(Reason),
    /// The process received a signal.
    Signal { number: i32, sender: Option<u32>, interrupt: bool },
    /// A task without which there is no service has ended.
    EssentialEnded { name: Cow<'static, str>, error: Option<String> },
    /// `main` is over; it no longer holds anything.
    MainEnded(MainOutcome),
    /// The gate is closed and every pass is back, `main`'s and the tracked tasks' included.
    Drained,
    /// A thread began to run this teardown.
    Began(InstanceId),
    /// This teardown is over.
    Ended(InstanceId, Outcome),
    /// A tracked task panicked.
    TaskPanicked,
    /// Nobody sends work any more: the lame duck has done what it is for.
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "only an edge behind a feature says this"))]
    Unwanted,
    /// Time has passed.
    Tick,
}

/// What a lifecycle has to do.
#[derive(Clone, Debug)]
pub(crate) enum Action<H> {
    /// The stop begins: be gone at this instant (R9), and let the process that waits know why.
    Begin { reason: Reason, deadline: Instant },
    /// The deadline is nearer than was said.
    Hurry { deadline: Instant },
    /// Close the gate, and let everybody know that the drain begins.
    Drain,
    /// Drop `main`'s future at its next await.
    CutMain,
    /// Drop everything that is still in flight.
    CutTasks,
    /// Run this teardown.
    Start(InstanceId, H),
    /// This teardown's time is up: drop it where it stands. Its outcome is recorded.
    Abandon(H, Outcome),
    /// Say what the stop is waiting for.
    Waiting { stage: Stage, names: Vec<String> },
    /// Everything is over; the report says how.
    Exit(Box<Report>),
    /// Die by this signal, at once.
    Die(i32),
}

/// What the sequence asks of the world while it decides.
pub(crate) trait World {
    /// What is in flight beside `main`.
    fn in_flight(&self) -> Vec<Straggler>;
}

/// The state machine of one lifecycle. `H` is what runs a teardown; the sequence only passes it on.
#[derive(Debug)]
pub(crate) struct Sequence<H> {
    config: Config,
    stage: Stage,
    ready: bool,
    registry: Registry<H>,
    main: Option<MainOutcome>,
    drained: bool,
    signals: Signals,
    stop: Option<Stop>,
    actions: Vec<Action<H>>,
}

/// What is known once the stop has begun.
#[derive(Debug)]
struct Stop {
    reason: Reason,
    t0: Instant,
    budget: Budget,
    lame_duck_until: Instant,
    /// When each stage was entered.
    stages: Vec<(Stage, Instant)>,
    /// What was in flight has been cut off.
    cut: bool,
    stragglers: Vec<Straggler>,
    panicked_tasks: usize,
    /// What `fail` said after the stop had begun.
    failures: Vec<String>,
    /// Which rules of the plan cannot be kept, as it stands now.
    broken: Vec<String>,
    /// What else went wrong.
    faults: Vec<String>,
    notes: Vec<String>,
    next_word: Instant,
    /// Something came before the cleanup: share out the time anew before going on.
    stale: bool,
    teardown: Option<Teardown>,
}

impl Stop {
    /// Takes down which rules of the plan cannot be kept.
    fn take_note(&mut self, planned: &Planned, grace: Duration) {
        self.broken = planned.broken.iter().map(|cycle| format!("broken to go on: {cycle}")).collect();
        let Planned { plan, cleanup, flush, .. } = planned;
        if let Err(fault) = budget::fits(plan, cleanup, flush, grace)
            && !matches!(self.reason, Reason::InvalidPlan(_))
        {
            self.notes = vec![format!("scaled to fit: {fault}")];
        }
    }
}

impl<H: Clone> Sequence<H> {
    pub(crate) fn new(config: Config) -> Sequence<H> {
        let grace = config.grace.min(LONGEST);
        let config = Config { grace, lame_duck: config.lame_duck.min(grace), ..config };
        Sequence {
            config,
            stage: Stage::Running,
            ready: config.job,
            registry: Registry::default(),
            main: None,
            drained: false,
            signals: Signals::default(),
            stop: None,
            actions: Vec::new(),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// When the process will be gone, once it is stopping.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.stop.as_ref().map(|stop| stop.budget.deadline)
    }

    /// What is to be done now, in this order.
    pub(crate) fn take_actions(&mut self) -> Vec<Action<H>> {
        std::mem::take(&mut self.actions)
    }

    /// Takes in one event.
    pub(crate) fn on(&mut self, now: Instant, event: Event, world: &impl World) {
        match event {
            Event::Ready => self.on_ready(now),
            Event::Stop(reason) => match (&mut self.stop, reason) {
                (Some(stop), Reason::Failed(error)) if self.stage != Stage::Exited => {
                    stop.failures.push(error);
                }
                (_, reason) => self.begin(now, reason, false),
            },
            Event::Signal { number, sender, interrupt } => self.on_signal(now, number, sender, interrupt),
            Event::EssentialEnded { name, error } => match (&mut self.stop, error) {
                (Some(stop), Some(error)) => {
                    stop.faults.push(format!("essential task `{name}` failed: {error}"));
                }
                (Some(_), None) => {}
                (None, error) => self.begin(now, Reason::EssentialEnded { name, error }, false),
            },
            Event::MainEnded(ending) => {
                self.main = Some(ending);
                self.begin(now, Reason::MainEnded, true);
            }
            Event::Drained => self.drained = true,
            Event::Began(id) => {
                // If time has passed unseen, it begins in the stage that it is by now.
                self.advance(now, world);
                self.began(now, id);
            }
            Event::Ended(id, outcome) => self.ended(now, id, outcome),
            Event::TaskPanicked => {
                if let Some(stop) = &mut self.stop {
                    stop.panicked_tasks += 1;
                }
            }
            Event::Unwanted => {
                if let Some(stop) = &mut self.stop {
                    stop.lame_duck_until = stop.lame_duck_until.min(now);
                }
            }
            Event::Tick => {}
        }
        self.advance(now, world);
    }

    /// When to come back with [`Event::Tick`] if nothing else happens; it may be sooner after any call.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let stop = self.stop.as_ref()?;
        let next = match self.stage {
            Stage::Running | Stage::Exited => return None,
            _ if stop.stale => return Some(stop.t0),
            Stage::LameDuck => stop.lame_duck_until,
            Stage::Drain if stop.cut => stop.budget.cut_until,
            Stage::Drain => stop.budget.drain_until,
            Stage::Cleanup => stop.budget.cleanup_until,
            Stage::Flush => stop.budget.flush_until,
        };
        let expiry = stop.teardown.as_ref().and_then(Teardown::next_expiry);
        Some(expiry.map_or(next, |expiry| expiry.min(next)).min(stop.next_word))
    }

    fn on_ready(&mut self, now: Instant) {
        if std::mem::replace(&mut self.ready, true) || self.stage != Stage::Running {
            return;
        }
        if let Err(fault) = validate(&self.registry.plan(), self.config.grace) {
            self.begin(now, Reason::InvalidPlan(fault), true);
        }
    }

    fn on_signal(&mut self, now: Instant, number: i32, sender: Option<u32>, interrupt: bool) {
        match self.signals.count(now) {
            Press::Ignored => {}
            Press::First if self.stage == Stage::Running => {
                self.begin(now, Reason::Signal { number, sender }, interrupt);
            }
            Press::First => {
                if let Some(stop) = self.stop.as_mut().filter(|_| interrupt) {
                    stop.lame_duck_until = now;
                }
            }
            Press::Second => self.hurry(now),
            Press::Third => self.actions.push(Action::Die(number)),
        }
    }

    /// The stop begins, unless it has.
    fn begin(&mut self, now: Instant, reason: Reason, skip_lame_duck: bool) {
        if self.stage != Stage::Running {
            return;
        }
        let planned = self.registry.planned();
        let budget = Budget::new(now, self.config.grace, &planned.cleanup, &planned.flush);
        let lame_duck = match skip_lame_duck || !self.ready || self.config.job {
            true => Duration::ZERO,
            false => self.config.lame_duck,
        };
        self.actions.push(Action::Begin { reason: reason.clone(), deadline: budget.deadline });
        if !self.ready && self.main.is_none() || matches!(reason, Reason::InvalidPlan(_)) {
            self.actions.push(Action::CutMain);
        }
        let stop = self.stop.insert(Stop {
            reason,
            t0: now,
            lame_duck_until: (now + lame_duck).min(budget.drain_until),
            budget,
            stages: Vec::new(),
            cut: false,
            stragglers: Vec::new(),
            panicked_tasks: 0,
            failures: Vec::new(),
            broken: Vec::new(),
            faults: Vec::new(),
            notes: Vec::new(),
            next_word: now + WORD,
            stale: false,
            teardown: None,
        });
        stop.take_note(&planned, self.config.grace);
        self.enter(now, if lame_duck.is_zero() { Stage::Drain } else { Stage::LameDuck });
    }

    /// A second signal: lame duck and drain end now, the rest within [`budget::FAST`].
    fn hurry(&mut self, now: Instant) {
        if self.stage == Stage::Exited {
            return;
        }
        let planned = self.registry.planned();
        let Some(stop) = &mut self.stop else { return };
        stop.stale = false;
        stop.budget = stop.budget.fast(now, &planned.cleanup, &planned.flush);
        stop.lame_duck_until = now;
        self.actions.push(Action::Hurry { deadline: stop.budget.deadline });
        self.replan(now);
    }

    /// Something came before the cleanup: shares out the time anew.
    fn rebudget(&mut self) {
        let Some(stop) = self.stop.as_mut().filter(|stop| stop.stale) else {
            return;
        };
        stop.stale = false;
        let planned = self.registry.planned();
        let anew = stop.budget.anew(&planned.cleanup, &planned.flush);
        // What is cut off does not get longer to give way.
        let cut_until = match stop.cut {
            true => anew.cut_until.min(stop.budget.cut_until),
            false => anew.cut_until,
        };
        stop.budget = anew;
        stop.budget.cut_until = cut_until;
        stop.lame_duck_until = stop.lame_duck_until.min(anew.drain_until);
        stop.take_note(&planned, self.config.grace);
    }

    fn enter(&mut self, now: Instant, stage: Stage) {
        debug_assert!(stage > self.stage, "invariant 1");
        self.stage = stage;
        if let Some(stop) = &mut self.stop {
            stop.stages.push((stage, now));
        }
        if stage == Stage::Drain {
            self.actions.push(Action::Drain);
        }
    }

    /// Goes on as far as it can.
    fn advance(&mut self, now: Instant, world: &impl World) {
        self.rebudget();
        loop {
            let Some(stop) = &mut self.stop else { return };
            match self.stage {
                Stage::Running | Stage::Exited => return,
                Stage::LameDuck if now >= stop.lame_duck_until => self.enter(now, Stage::Drain),
                Stage::Drain if self.drained || stop.cut && now >= stop.budget.cut_until => {
                    self.enter(now, Stage::Cleanup);
                    self.replan(now);
                }
                Stage::Drain if !stop.cut && now >= stop.budget.drain_until => self.cut(world),
                Stage::LameDuck | Stage::Drain => break,
                Stage::Cleanup | Stage::Flush => {
                    if !self.tear_down(now) {
                        break;
                    }
                }
            }
        }
        self.say_what_is_awaited(now, world);
    }

    /// The drain's time is up.
    fn cut(&mut self, world: &impl World) {
        let Some(stop) = &mut self.stop else { return };
        stop.cut = true;
        if self.main.is_none() {
            stop.stragglers.push(Straggler::Main);
        }
        stop.stragglers.extend(world.in_flight());
        self.actions.extend([Action::CutMain, Action::CutTasks]);
    }

    fn say_what_is_awaited(&mut self, now: Instant, world: &impl World) {
        let Some(stop) = self.stop.as_mut().filter(|stop| now >= stop.next_word) else {
            return;
        };
        stop.next_word = now + WORD;
        let mut names: Vec<String> = Vec::new();
        if self.stage <= Stage::Drain {
            names.extend(self.main.is_none().then(|| Straggler::Main.to_string()));
            names.extend(world.in_flight().iter().map(ToString::to_string));
        } else {
            names.extend(self.registry.running().iter().map(|name| format!("`{name}`")));
        }
        self.actions.push(Action::Waiting { stage: self.stage, names });
    }

    /// Everything is over, or time is: writes the report.
    fn seal(&mut self, now: Instant) {
        for entry in self.registry.entries_mut() {
            let outcome = match entry.state {
                State::Done { .. } => continue,
                State::Running { .. } => Outcome::TimedOut,
                State::Waiting | State::Started { .. } => Outcome::NotRun,
            };
            entry.finish(now, outcome.clone());
            if let Some(hook) = entry.hook.take() {
                self.actions.push(Action::Abandon(hook, outcome));
            }
        }
        self.enter(now, Stage::Exited);
        let Some(stop) = self.stop.as_mut() else { return };
        let since = |at: Instant| at.saturating_duration_since(stop.t0);
        let stages = stop.stages.windows(2);
        let stages = stages.map(|pair| StageReport {
            stage: pair[0].0,
            start: since(pair[0].1),
            took: pair[1].1.saturating_duration_since(pair[0].1),
        });
        let report = Report {
            reason: stop.reason.clone(),
            grace: self.config.grace,
            took: since(now),
            stages: stages.collect(),
            instances: self.registry.report(stop.t0),
            stragglers: std::mem::take(&mut stop.stragglers),
            main: self.main.clone(),
            panicked_tasks: stop.panicked_tasks,
            failures: std::mem::take(&mut stop.failures),
            faults: stop.broken.drain(..).chain(stop.faults.drain(..)).collect(),
            notes: std::mem::take(&mut stop.notes),
        };
        self.actions.push(Action::Exit(Box::new(report)));
    }
}

/// Whether a plan can be carried out within `grace` at all (R5, R12).
pub(crate) fn validate(plan: &Plan, grace: Duration) -> Result<(), String> {
    if let Some(cycle) = plan.cycle() {
        return Err(format!("dependency cycle: {cycle}"));
    }
    budget::check(plan, grace).map_err(|fault| fault.to_string())
}
