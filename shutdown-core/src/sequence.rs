//! A stop, from the request to the exit, as a state machine without clock, threads or tokio.
//!
//! ```text
//!            stop             lame duck over         time is up
//!  Running ─────────▶ LameDuck ────────────▶ Drain ────────────▶ CutOff
//!     └─ before `ready()`, SIGINT, ─────────▲   └─ drained ─┐      │ drained, or time is up
//!        `main` ended, no lame duck                         ▼      ▼
//!                                                          Teardown: Cleanup ──▶ Flush ──▶ Exited
//!                                                                       └─ no `last` ────────▲
//! ```
//!
//! An event is given to [`Sequence::on`] together with the time. The caller then carries out the [`Action`]s that
//! [`Sequence::take_actions`] returns. [`Sequence::wake_at`] returns the time of the next [`Event::Tick`], if nothing
//! happens before. The supervisor thread, a task on a paused clock, and a test that only counts drive the same machine.
//!
//! The phase is a type: [`Phase`] holds what exists in it. [`Stop`] holds what every phase of a stop has in common, and
//! [`Teardown`] exists in the cleanup and the flush only.
//!
//! Invariants, each checked over random plans and faults in `sequence/tests.rs`:
//!
//! 1. No stage is entered after a later one, and `T0` and the reason never change.
//! 2. An instance goes `Waiting → Started → Running → Done`. It may skip states, but never goes back (R6).
//! 3. An instance starts only after every instance that precedes it is `Done`, or after its place has passed (R1, R2,
//!    R8).
//! 4. A `Running` instance is `Done` at its limit (R7, R10).
//! 5. `Exited` is reached at the end of the flush's budget at the latest (R9). If a teardown became free too late to
//!    begin before, it is reached half of the margin later (R6).

mod entry;
mod event;
mod instances;
mod phase;
mod progress;
mod registry;
mod signals;
mod stop;
mod teardown;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

pub(crate) use entry::{InstanceId, Spec};
pub(crate) use event::{Action, Event, Signal, World};
pub(crate) use registry::{NO_CLASS, Released};

use self::phase::Phase;
use self::registry::Registry;
use self::signals::{Press, Signals};
use self::stop::Stop;
use self::teardown::Teardown;
use crate::budget::{self, Budget};
use crate::plan::Plan;
use crate::report::{FactKind, Reason};
use crate::stage::Stage;

/// The settings of a lifecycle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    pub(crate) grace: Duration,
    /// The grace that the declared time-outs have to fit into. It is longer than `grace` if the environment has lowered
    /// `grace`: then the time-outs are scaled, and nothing is refused (R12).
    pub(crate) fits_into: Duration,
    pub(crate) lame_duck: Duration,
    /// Whether the lifecycle is a batch job: ready from the start, and without a lame duck.
    pub(crate) job: bool,
}

/// The state machine of one lifecycle. `H` runs a teardown: the sequence only stores it and hands it out.
#[derive(Debug)]
pub(crate) struct Sequence<H> {
    config: Config,
    phase: Phase,
    registry: Registry<H>,
    signals: Signals,
    actions: Vec<Action<H>>,
}

impl<H: Clone> Sequence<H> {
    pub(crate) fn new(config: Config) -> Sequence<H> {
        let grace = config.grace.min(budget::LONGEST_GRACE);
        let fits_into = config.fits_into.min(budget::LONGEST_GRACE).max(grace);
        let lame_duck = if config.job { Duration::ZERO } else { config.lame_duck.min(grace) };
        Sequence {
            config: Config { grace, fits_into, lame_duck, ..config },
            phase: Phase::Running { ready: config.job, panicked_tasks: 0 },
            registry: Registry::default(),
            signals: Signals::default(),
            actions: Vec::new(),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.phase.stage()
    }

    /// Returns the instant at which the process will be gone, once a stop has begun.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.phase.deadline()
    }

    /// Returns the instant at which the stop began, if one goes on.
    pub(crate) fn stopping_since(&self) -> Option<Instant> {
        self.phase.stop().map(|stop| stop.t0)
    }

    /// Returns the time until the drain ends, and zero after its end (R11).
    ///
    /// Before the stop it returns the time that a drain after the whole lame duck would have.
    pub(crate) fn drain_remaining(&self, now: Instant) -> Duration {
        let planned = self.registry.to_plan();
        match &self.phase {
            Phase::Running { .. } => {
                let Config { grace, fits_into, lame_duck, .. } = self.config;
                let budget = Budget::lowered(now, grace, fits_into, &planned.paths);
                budget.drain_until.saturating_duration_since(now + lame_duck)
            }
            // Split again, because an instance may have been managed since the last event.
            Phase::LameDuck { stop, .. } | Phase::Drain(stop) => {
                stop.budget.split_again(&planned.paths).drain_until.saturating_duration_since(now)
            }
            Phase::CutOff(_) | Phase::Teardown(_) | Phase::Exited { .. } => Duration::ZERO,
        }
    }

    /// Returns how many managed instances have not been torn down.
    pub(crate) fn not_torn_down(&self) -> usize {
        self.registry.done().iter().filter(|done| !**done).count()
    }

    /// Returns what the caller has to do now, in this order.
    pub(crate) fn take_actions(&mut self) -> Vec<Action<H>> {
        std::mem::take(&mut self.actions)
    }

    /// Handles one event.
    pub(crate) fn on(&mut self, now: Instant, event: Event, world: &impl World) {
        match event {
            Event::Ready => self.on_ready(now),
            Event::Stop(reason) => self.on_stop(now, reason),
            Event::Signal(signal) => self.on_signal(now, signal),
            Event::EssentialEnded { name, error } => match (self.phase.stop_mut(), error) {
                (None, error) => {
                    self.begin(now, Reason::EssentialEnded { name, error }, self.config.lame_duck);
                }
                (Some(stop), Some(error)) => stop.essential_failed(&name, &error),
                (Some(_), None) => {}
            },
            Event::MainEnded(ending) => {
                self.begin(now, Reason::MainEnded, Duration::ZERO);
                if let Some(stop) = self.phase.stop_mut() {
                    stop.main = Some(ending);
                }
            }
            Event::Drained => self.on_drained(now),
            Event::Began(id) => {
                // The stage may have ended since the last event. The teardown begins in the stage of `now`.
                self.advance(now, world);
                if let Phase::Teardown(teardown) = &mut self.phase {
                    teardown.began(now, id, &mut self.registry);
                }
            }
            Event::Ended(id, outcome) => match &mut self.phase {
                // An instance that was released before the stop leaves the plan.
                Phase::Running { .. } => self.registry.remove(id),
                Phase::LameDuck { .. } | Phase::Drain(_) | Phase::CutOff(_) | Phase::Exited { .. } => {
                    let _ = self.registry.finish(now, id, outcome);
                }
                Phase::Teardown(teardown) => {
                    teardown.ended(now, id, outcome, &mut self.registry, &mut self.actions);
                }
            },
            Event::TaskFailed(sentence) => {
                if let Some(stop) = self.phase.stop_mut() {
                    stop.task_failures.push(sentence);
                }
            }
            Event::TaskPanicked => match &mut self.phase {
                Phase::Running { panicked_tasks, .. } => *panicked_tasks += 1,
                phase => {
                    if let Some(stop) = phase.stop_mut() {
                        stop.panicked_tasks += 1;
                    }
                }
            },
            Event::Unwanted => self.phase.end_lame_duck(now),
            Event::Tick => {}
        }
        self.advance(now, world);
    }

    /// Returns the time of the next [`Event::Tick`], if nothing happens before. Any call may make it earlier.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let (stop, next) = match &self.phase {
            Phase::Running { .. } | Phase::Exited { .. } => return None,
            Phase::LameDuck { stop, until } => (stop, *until),
            Phase::Drain(stop) => (stop, stop.budget.drain_until),
            Phase::CutOff(stop) => (stop, stop.budget.cut_until),
            Phase::Teardown(teardown) => (&teardown.stop, teardown.wake_at()),
        };
        if self.registry.is_stale() {
            // The time has to be shared out again at once.
            return Some(stop.t0);
        }
        Some(next.min(stop.next_waiting_line))
    }

    fn on_ready(&mut self, now: Instant) {
        let Phase::Running { ready, .. } = &mut self.phase else { return };
        if std::mem::replace(ready, true) {
            return;
        }
        let plan = self.registry.plan();
        if let Err(fault) = validate(&plan, self.config.fits_into) {
            self.begin(now, Reason::InvalidPlan { error: fault }, Duration::ZERO);
        } else if let Err(fault) = budget::check(&plan, self.config.grace) {
            self.actions.push(Action::Scaled(fault.to_string()));
        }
    }

    fn on_stop(&mut self, now: Instant, reason: Reason) {
        match (self.phase.stop_mut(), reason) {
            (None, reason) => self.begin(now, reason, self.config.lame_duck),
            (Some(stop), Reason::Failed { error }) => stop.failures.push(error),
            (Some(_), _) => {}
        }
    }

    fn on_signal(&mut self, now: Instant, signal: Signal) {
        let Signal { number, sender, interrupt, within } = signal;
        let press = self.signals.count(now);
        if let Some(within) = within {
            // Grace is longer than the system waits. A stop that has begun has to be over in time too.
            self.config.grace = self.config.grace.min(within);
            if !matches!(press, Press::Second) {
                self.hurry(now);
            }
        }
        match press {
            Press::Ignored => {}
            Press::First => {
                // A stop that has begun already, for another reason, has no lame duck after an interrupt either.
                if interrupt {
                    self.phase.end_lame_duck(now);
                }
                let lame_duck = if interrupt { Duration::ZERO } else { self.config.lame_duck };
                self.begin(now, Reason::Signal { number, sender }, lame_duck);
            }
            Press::Second => self.hurry(now),
            Press::Third => self.actions.push(Action::Die(number)),
        }
    }

    fn on_drained(&mut self, now: Instant) {
        self.phase.change(|phase| match phase {
            Phase::Drain(stop) | Phase::CutOff(stop) => {
                Teardown::begin(stop, now, &mut self.registry, &mut self.actions)
            }
            other => other,
        });
    }

    /// Begins the stop, if none has begun. A lifecycle that is not ready has no lame duck.
    fn begin(&mut self, now: Instant, reason: Reason, lame_duck: Duration) {
        let Phase::Running { ready, panicked_tasks } = self.phase else { return };
        let mut stop = Box::new(Stop::new(now, reason, &self.config, &self.registry.planned()));
        stop.panicked_before = panicked_tasks;
        let (reason, deadline) = (stop.reason.clone(), stop.budget.deadline);
        let cuts_main = match reason {
            Reason::MainEnded => false,
            Reason::InvalidPlan { .. } => true,
            _ => !ready,
        };
        // The cut comes before the notice. A `main` that waits for the notice, such as in a start, is dropped when the notice
        // wakes it, and cannot return an error because of it.
        if cuts_main {
            self.actions.push(Action::CutMain);
        }
        self.actions.push(Action::Begin { reason, deadline });
        self.phase = if lame_duck.is_zero() || !ready {
            stop.drain(now, &mut self.actions)
        } else {
            stop.lame_duck(now, lame_duck, &mut self.actions)
        };
    }

    /// Handles a second signal: lame duck and drain end now, and the rest within [`budget::LONGEST_FAST_STOP`].
    fn hurry(&mut self, now: Instant) {
        let Some(stop) = self.phase.stop_mut() else { return };
        let planned = self.registry.planned();
        stop.budget = stop.budget.fast(now, &planned.paths);
        self.actions.push(Action::Hurry { deadline: stop.budget.deadline });
        self.phase.end_lame_duck(now);
        if let Phase::Teardown(teardown) = &mut self.phase {
            teardown.replan(now, &mut self.registry, &mut self.actions);
        }
    }

    /// Goes through every phase whose time is over.
    fn advance(&mut self, now: Instant, world: &impl World) {
        self.phase.share_out_again(&mut self.registry);
        let Sequence { phase, registry, actions, .. } = self;
        loop {
            let flow = phase.change_or_stay(|phase| match phase {
                Phase::LameDuck { stop, until } if now >= until => {
                    ControlFlow::Continue(stop.drain(now, actions))
                }
                Phase::Drain(stop) if now >= stop.budget.drain_until => {
                    ControlFlow::Continue(stop.cut_off(now, world, actions))
                }
                Phase::CutOff(stop) if now >= stop.budget.cut_until => {
                    ControlFlow::Continue(Teardown::begin(stop, now, registry, actions))
                }
                Phase::Teardown(teardown) => teardown.advance(now, registry, actions),
                other => ControlFlow::Break(other),
            });
            if flow.is_break() {
                break;
            }
        }
        self.announce_what_is_awaited(now, world);
    }

    /// Says what the stop is waiting for, at regular intervals.
    fn announce_what_is_awaited(&mut self, now: Instant, world: &impl World) {
        let stage = self.stage();
        let Some(stop) = self.phase.stop_mut() else { return };
        if !stop.is_waiting_line_due(now) {
            return;
        }
        let names = if stage <= Stage::Drain {
            stop.in_flight(now, world).iter().map(ToString::to_string).collect()
        } else {
            self.registry.running().iter().map(|name| format!("`{name}`")).collect()
        };
        let left = self.deadline().unwrap_or(now).saturating_duration_since(now);
        self.actions.push(Action::Tell(FactKind::Waiting { stage, names, left }));
    }
}

/// Checks whether a plan can be carried out within `grace` (R5, R12).
pub(crate) fn validate(plan: &Plan, grace: Duration) -> Result<(), String> {
    if let Some(cycle) = plan.cycle() {
        return Err(format!("dependency cycle: {cycle}"));
    }
    budget::check(plan, grace).map_err(|fault| fault.to_string())
}
