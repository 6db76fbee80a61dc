//! A stop, from the request to the exit, as a state machine without clock, threads or tokio.
//!
//! ```text
//!            stop             lame duck over         time is up
//!  Running ─────────▶ LameDuck ────────────▶ Drain ────────────▶ CutOff
//!   │ │  └─ before `ready()`, SIGINT, ──────▲   └─ drained ─┐      │ drained, or time is up
//!   │ │     `main` ended, no lame duck                      ▼      ▼
//!   │ └─ hooks ─▶ Notice ─▶ LameDuck                      Drained, then
//!   │             hooks over                              Teardown: Cleanup ──▶ Flush ──▶ Exited
//!   └─                                                                 └─ no `last` ────────▲
//! ```
//!
//! The hooks of [`AtNotice`] run at the notice (R31). They run in `Notice` if the stop has a lame duck, whose time then
//! counts from their end. Otherwise they run during the drain, and `Drained` waits for them.
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

mod at_notice;
mod entries;
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

use self::at_notice::AtNotice;
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
    at_notice: AtNotice,
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
            at_notice: AtNotice::default(),
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
    /// Before the stop it returns the time that a drain after the whole lame duck would have. Hooks at the notice may take
    /// all of their time before it.
    pub(crate) fn drain_remaining(&self, now: Instant) -> Duration {
        let planned = self.registry.to_plan();
        match &self.phase {
            Phase::Running { .. } => {
                let Config { grace, fits_into, lame_duck, job } = self.config;
                let budget = Budget::lowered(now, grace, fits_into, &planned.paths);
                let hooks = match self.at_notice.is_empty() || job {
                    true => Duration::ZERO,
                    false => budget::time_at_notice(grace),
                };
                budget.drain_until.saturating_duration_since(now + hooks + lame_duck)
            }
            // Split again, because an instance may have been managed since the last event.
            Phase::Notice { stop, .. } | Phase::LameDuck { stop, .. } | Phase::Drain(stop) => {
                stop.budget.split_again(&planned.paths).drain_until.saturating_duration_since(now)
            }
            Phase::CutOff(_) | Phase::Drained(_) | Phase::Teardown(_) | Phase::Exited { .. } => {
                Duration::ZERO
            }
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
                    self.begin(now, Reason::EssentialEnded { name, error }, self.lame_duck());
                }
                (Some(stop), Some(error)) => stop.essential_failed(&name, &error),
                (Some(_), None) => {}
            },
            Event::MainEnded(ending) => {
                self.begin(now, Reason::MainEnded, None);
                if let Some(stop) = self.phase.stop_mut() {
                    stop.main = Some(ending);
                }
            }
            Event::Drained => self.on_drained(),
            Event::Began(id) => {
                // The stage may have ended since the last event. The teardown begins in the stage of `now`.
                self.advance(now, world);
                if let Phase::Teardown(teardown) = &mut self.phase {
                    teardown.began(now, id, &mut self.registry);
                }
                return;
            }
            Event::Ended(id, outcome) => match &mut self.phase {
                // An instance that was released before the stop leaves the plan.
                Phase::Running { .. } => self.registry.remove(id),
                Phase::Teardown(teardown) => {
                    teardown.ended(now, id, outcome, &mut self.registry, &mut self.actions);
                }
                _ => {
                    let _ = self.registry.finish(now, id, outcome);
                }
            },
            Event::AtNoticeEnded(id, outcome) => self.at_notice.ended(now, id, outcome),
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
            Event::Unwanted => self.phase.shorten_lame_duck(now),
            Event::Tick => {}
        }
        self.advance(now, world);
    }

    /// Returns the time of the next [`Event::Tick`], if nothing happens before. Any call may make it earlier.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let (stop, next) = match &self.phase {
            Phase::Running { .. } | Phase::Exited { .. } => return None,
            Phase::Notice { stop, until, .. } | Phase::LameDuck { stop, until } => (stop, *until),
            Phase::Drain(stop) => (stop, stop.budget.drain_until),
            Phase::Drained(stop) | Phase::CutOff(stop) => (stop, stop.budget.cut_until),
            Phase::Teardown(teardown) => (&teardown.stop, teardown.wake_at()),
        };
        if self.registry.is_stale() {
            // The time has to be shared out again at once.
            return Some(stop.t0);
        }
        let at_notice = self.at_notice.wake_at(&stop.budget);
        Some(next.min(stop.next_waiting_line).min(at_notice.unwrap_or(next)))
    }

    fn on_ready(&mut self, now: Instant) {
        let Phase::Running { ready, .. } = &mut self.phase else { return };
        if std::mem::replace(ready, true) {
            return;
        }
        let plan = self.registry.plan();
        if let Err(fault) = validate(&plan, self.config.fits_into) {
            self.begin(now, Reason::InvalidPlan { error: fault }, None);
        } else if let Err(fault) = budget::check(&plan, self.config.grace) {
            self.actions.push(Action::Scaled(fault.to_string()));
        }
    }

    fn on_stop(&mut self, now: Instant, reason: Reason) {
        match (self.phase.stop_mut(), reason) {
            (None, reason) => self.begin(now, reason, self.lame_duck()),
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
                let lame_duck = self.lame_duck().filter(|_| !interrupt);
                self.begin(now, Reason::Signal { number, sender }, lame_duck);
            }
            Press::Second => self.hurry(now),
            Press::Third => self.actions.push(Action::Die(number)),
        }
    }

    fn on_drained(&mut self) {
        self.phase.change(|phase| match phase {
            Phase::Drain(stop) | Phase::CutOff(stop) => Phase::Drained(stop),
            other => other,
        });
    }

    /// Returns the length of the lame duck. `None` if a stop goes straight to the drain.
    fn lame_duck(&self) -> Option<Duration> {
        (!self.config.job).then_some(self.config.lame_duck)
    }

    /// Begins the stop, if none has begun. A lifecycle that is not ready has no lame duck.
    fn begin(&mut self, now: Instant, reason: Reason, lame_duck: Option<Duration>) {
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
        let until = now + budget::time_at_notice(self.config.grace);
        for id in self.at_notice.declared() {
            self.begin_at_notice(now, id, until);
        }
        self.phase = match lame_duck.filter(|_| ready) {
            Some(length) if self.at_notice.is_running() => stop.notice(now, until, length, &mut self.actions),
            None | Some(Duration::ZERO) => stop.drain(now, &mut self.actions),
            Some(length) => stop.lame_duck(now, length, &mut self.actions),
        };
    }

    /// Begins the hook of this instance, if it has one that has not run (R31).
    fn begin_at_notice(&mut self, now: Instant, id: InstanceId, until: Instant) {
        let hook =
            self.registry.get(id).filter(|entry| entry.is_waiting()).and_then(|entry| entry.hook.clone());
        if let Some(hook) = hook
            && self.at_notice.begin(now, id, until)
        {
            self.actions.push(Action::StartAtNotice(id, hook));
        }
    }

    /// Ends the hooks whose time is up, and runs the releases that have waited for the end of one.
    fn settle_at_notice(&mut self, now: Instant) {
        if let Some(stop) = self.phase.stop() {
            for id in self.at_notice.expire(now, &stop.budget) {
                if let Some(hook) = self.registry.get(id).and_then(|entry| entry.hook.clone()) {
                    self.actions.push(Action::AbandonAtNotice(hook));
                }
            }
        }
        for id in self.at_notice.take_to_release() {
            if let Released::Run(hook, timeout) = self.release(now, id) {
                self.actions.push(Action::Release(id, hook, timeout));
            }
        }
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
        self.settle_at_notice(now);
        let Sequence { phase, registry, at_notice, actions, .. } = self;
        loop {
            let flow = phase.change_or_stay(|phase| match phase {
                Phase::Notice { stop, until, lame_duck } if now >= until || !at_notice.is_running() => {
                    let ended = until.min(now);
                    let until = stop.budget.drain_until.min(ended + lame_duck);
                    ControlFlow::Continue(Phase::LameDuck { stop, until })
                }
                Phase::LameDuck { stop, until } if now >= until => {
                    ControlFlow::Continue(stop.drain(now, actions))
                }
                Phase::Drain(stop) if now >= stop.budget.drain_until => {
                    ControlFlow::Continue(stop.cut_off(now, world, actions))
                }
                Phase::CutOff(stop) if now >= stop.budget.cut_until => {
                    ControlFlow::Continue(Teardown::begin(stop, now, registry, actions))
                }
                Phase::Drained(stop) if !at_notice.is_open() => {
                    ControlFlow::Continue(Teardown::begin(stop, now, registry, actions))
                }
                Phase::Teardown(teardown) => teardown.advance(now, registry, at_notice, actions),
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
            let hooks = self.at_notice.running().filter_map(|id| self.registry.get(id));
            let hooks = hooks.map(|entry| format!("`{}` at the notice", entry.spec.name));
            stop.in_flight(now, world).iter().map(ToString::to_string).chain(hooks).collect()
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
