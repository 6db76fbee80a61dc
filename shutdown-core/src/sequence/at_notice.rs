//! The hooks that run at the notice (R31), one for each instance whose type declares one.
//!
//! ```text
//! Declared ── the stop begins ──▶ Running ── ended ──────────▶ Ended
//!                                    └─ limit ─▶ Dropping ───────▲
//!                                                  dropped, or a moment later
//! ```
//!
//! Invariants, each checked over random plans and faults in `sequence/tests.rs`:
//!
//! 1. A hook that is `Running` has not reached its limit, which is not after the end of the drain (R10).
//! 2. The cleanup begins, and a release runs, when no hook that matters to it is `Running` or `Dropping`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::entry::InstanceId;
use crate::budget::Budget;
use crate::report::{AtNoticeReport, Outcome};

/// The hooks of one lifecycle. It holds nothing, and allocates nothing, if no instance has one.
#[derive(Debug, Default)]
pub(super) struct AtNotice {
    hooks: BTreeMap<InstanceId, Hook>,
    /// The hooks that run or are being dropped, by the instant at which that is over.
    open: BTreeSet<(Instant, InstanceId)>,
    running: usize,
    /// The instances whose release has waited for the end of their hook.
    to_release: Vec<InstanceId>,
}

#[derive(Debug)]
struct Hook {
    state: State,
    /// Whether the program has asked for the release of the instance while its hook ran.
    is_release_asked: bool,
}

#[derive(Debug)]
enum State {
    Declared,
    Running {
        began: Instant,
        until: Instant,
    },
    /// Its time is up. The runtime drops it at its next await.
    Dropping {
        began: Instant,
        ended: Instant,
        until: Instant,
    },
    Ended {
        began: Instant,
        ended: Instant,
        outcome: Outcome,
    },
}

impl AtNotice {
    /// The type of this instance declares a hook.
    pub(super) fn declare(&mut self, id: InstanceId) {
        self.hooks.insert(id, Hook { state: State::Declared, is_release_asked: false });
    }

    /// The instance leaves the plan before the stop.
    pub(super) fn forget(&mut self, id: InstanceId) {
        self.hooks.remove(&id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    /// Lists the instances whose hook has not run.
    pub(super) fn declared(&self) -> Vec<InstanceId> {
        let is_declared = |hook: &Hook| matches!(hook.state, State::Declared);
        self.hooks.iter().filter(|(_, hook)| is_declared(hook)).map(|(id, _)| *id).collect()
    }

    /// Begins the hook of an instance, if it has one that has not run.
    pub(super) fn begin(&mut self, now: Instant, id: InstanceId, until: Instant) -> bool {
        let Some(hook) = self.hooks.get_mut(&id) else { return false };
        if !matches!(hook.state, State::Declared) {
            return false;
        }
        hook.state = State::Running { began: now, until };
        self.open.insert((until, id));
        self.running += 1;
        true
    }

    /// Whether a hook runs, and has time.
    pub(super) fn is_running(&self) -> bool {
        self.running > 0
    }

    /// Whether a hook runs, or is being dropped.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Lists the instances whose hook runs.
    pub(super) fn running(&self) -> impl Iterator<Item = InstanceId> {
        let is_running = |id: &InstanceId| self.limit_of(*id).is_some();
        self.open.iter().map(|(_, id)| *id).filter(is_running)
    }

    fn limit_of(&self, id: InstanceId) -> Option<Instant> {
        match self.hooks.get(&id)?.state {
            State::Running { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Returns the instant at which the hook of this instance has to end, if it runs.
    pub(super) fn limit(&self, id: InstanceId, budget: &Budget) -> Option<Instant> {
        self.limit_of(id).map(|until| until.min(budget.drain_until))
    }

    /// Returns the instant of the next change by time.
    pub(super) fn wake_at(&self, budget: &Budget) -> Option<Instant> {
        let (first, _) = self.open.first()?;
        let cap = if self.is_running() { budget.drain_until } else { budget.cut_until };
        Some(cap.min(*first))
    }

    /// The hook has ended, or was dropped.
    pub(super) fn ended(&mut self, now: Instant, id: InstanceId, outcome: Outcome) {
        let Some(hook) = self.hooks.get_mut(&id) else { return };
        match hook.state {
            State::Running { began, until } => {
                self.open.remove(&(until, id));
                self.running -= 1;
                hook.state = State::Ended { began, ended: now, outcome };
            }
            State::Dropping { began, ended, until } => {
                self.open.remove(&(until, id));
                hook.state = State::Ended { began, ended, outcome: Outcome::TimedOut };
            }
            State::Declared | State::Ended { .. } => return,
        }
        if std::mem::take(&mut hook.is_release_asked) {
            self.to_release.push(id);
        }
    }

    /// Ends the hooks whose time is up, and returns them. A hook that blocks a thread is not waited for.
    pub(super) fn expire(&mut self, now: Instant, budget: &Budget) -> Vec<InstanceId> {
        let mut abandoned = Vec::new();
        if self.wake_at(budget).is_none_or(|at| now < at) {
            return abandoned;
        }
        for (until, id) in self.open.clone() {
            let Some(hook) = self.hooks.get_mut(&id) else { continue };
            if let State::Running { began, .. } = hook.state
                && now >= until.min(budget.drain_until)
            {
                self.open.remove(&(until, id));
                self.running -= 1;
                let until = budget.cut_until.min(now + budget.time_to_drop());
                hook.state = State::Dropping { began, ended: now, until };
                self.open.insert((until, id));
                abandoned.push(id);
            }
        }
        for (until, id) in self.open.clone() {
            let is_dropping = self.limit_of(id).is_none();
            if is_dropping && now >= until.min(budget.cut_until) {
                self.ended(now, id, Outcome::TimedOut);
            }
        }
        abandoned
    }

    /// Returns whether the release of an instance has to wait for its hook. If not, its hook never runs again.
    pub(super) fn holds_release(&mut self, id: InstanceId) -> bool {
        let Some(hook) = self.hooks.get_mut(&id) else { return false };
        let is_open = matches!(hook.state, State::Running { .. } | State::Dropping { .. });
        hook.is_release_asked |= is_open;
        is_open
    }

    /// Returns the instances whose release has waited, once.
    pub(super) fn take_to_release(&mut self) -> Vec<InstanceId> {
        std::mem::take(&mut self.to_release)
    }

    /// Returns what the report of a stop that began at `t0` says of the hook of this instance.
    pub(super) fn row(&self, id: InstanceId, t0: Instant) -> Option<AtNoticeReport> {
        let (began, ended, outcome) = match &self.hooks.get(&id)?.state {
            State::Declared => return None,
            // The report is sealed after the drain, so that none runs any more.
            State::Running { began, until } => (*began, *until, Outcome::TimedOut),
            State::Dropping { began, ended, .. } => (*began, *ended, Outcome::TimedOut),
            State::Ended { began, ended, outcome } => (*began, *ended, outcome.clone()),
        };
        Some(AtNoticeReport {
            start: began.saturating_duration_since(t0),
            took: ended.saturating_duration_since(began),
            outcome,
        })
    }
}
