//! A start, from nothing to started, as a state machine without clock, threads or tokio (R25 to R27).
//!
//! ```text
//!          all that it needs has started            the result is a value
//!  Waiting ─────────────────────────────▶ Running ────────────────────────▶ Started
//!                                         ▲    │ an error, a panic, or its time is up
//!                                         │    ├─ no other attempt fits into `retry` ─▶ the start has failed
//!                                         │    ├─ its time is up ─▶ Dropping ─▶ gone ─┐
//!                       its time has come │    └─ else ─────────────────────▶ Resting ◀┘
//!                                         └────────────────────────────────────┘
//! ```
//!
//! An attempt is dropped at its next await. One that blocks its thread has none, so that it is not gone: no other attempt
//! takes a second thread.
//!
//! The stop has a machine of its own ([`sequence`](crate::sequence)). What both have in common is the graph: the plan, and
//! its [`Front`]. A stop shares out a budget, and goes on after a fault. A start has no budget, repeats, and ends at the
//! first fault.
//!
//! Invariants, each checked over random plans and faults in `start/tests.rs`:
//!
//! 1. An item runs only after all that it needs has started (R25).
//! 2. At most one attempt of an item is there at a time, and none begins after `retry` or after the start has failed.
//! 3. A running attempt is given up at its time-out, or when `retry` is over (R27).
//! 4. After a failure no further action is taken except to give up what runs (R26).

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use humantime::format_duration;

use crate::backoff::Backoff;
use crate::plan::{Front, Node, Plan};

/// The time between two attempts. The longest is 1 s, so that a start goes on within a second after its database is back.
const BACKOFF: Backoff = Backoff { shortest: Duration::from_millis(100), longest: Duration::from_secs(1) };

/// The times of one item: see `#[lifecycle::start(timeout = "..", retry = "..")]`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// The longest time of one attempt.
    pub(crate) timeout: Option<Duration>,
    /// The time in which a failed attempt is repeated, from the first attempt on.
    pub(crate) retry: Option<Duration>,
}

/// An event of a start.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The attempt of this item has ended, with an error or without.
    Ended(Node, Result<(), String>),
    /// The attempt of this item that was given up is gone.
    Gone(Node),
    /// Time has passed.
    Tick,
}

/// An action that the caller has to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Begin an attempt. The first one has the number 1.
    Begin(Node, u32),
    /// Drop the attempt that runs, and tell when it is gone.
    GiveUp(Node),
    /// An item that starts again and again waits for something, and why. Said once for each reason.
    Waits(Node, String),
    /// An item has started.
    Started { item: Node, attempts: u32, took: Duration },
    /// The start has failed.
    Failed(Failed),
    /// Everything has started.
    Done,
}

/// Why a start has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) item: Node,
    pub(crate) error: String,
    pub(crate) attempts: u32,
    /// The time since the first attempt.
    pub(crate) took: Duration,
    /// The items that were waiting for it, in the order of R4.
    pub(crate) waiting: Vec<Node>,
}

#[derive(Clone, Debug)]
enum State {
    Waiting,
    /// An attempt runs, at the latest until this instant.
    Running(Tries, Option<Instant>),
    /// The attempt was given up, and is not gone. The next one begins at this instant at the earliest.
    Dropping(Tries, Instant),
    /// The next attempt begins at this instant.
    Resting(Tries, Instant),
    Started,
}

/// The attempts of one item so far.
#[derive(Clone, Debug)]
struct Tries {
    began: Instant,
    count: u32,
    /// What the last attempt that failed has said.
    error: Option<String>,
}

/// The state machine of one start.
#[derive(Debug)]
pub(crate) struct Start {
    /// The plan of the start: an item precedes those that need it.
    plan: Plan,
    times: Vec<Times>,
    front: Front,
    states: Vec<State>,
    over: bool,
    actions: Vec<Action>,
}

impl Start {
    /// Makes the start of the items of a plan. The plan is one of teardowns: an item precedes those that it needs. Items
    /// that are `started` already are left alone.
    pub(crate) fn new(now: Instant, teardown: &Plan, times: Vec<Times>, started: &[bool]) -> Start {
        let plan = teardown.turned_round();
        let (front, free) = Front::new(&plan, started);
        let state = |started: &bool| if *started { State::Started } else { State::Waiting };
        let states = started.iter().map(state).collect();
        let mut start = Start { plan, times, front, states, over: false, actions: Vec::new() };
        start.begin(now, &free);
        start.finish_if_done();
        start
    }

    /// Returns what the caller has to do now, in this order.
    pub(crate) fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Handles one event. `share` is a random number from 0 to 1.
    pub(crate) fn on(&mut self, now: Instant, event: Event, share: f64) {
        // An attempt that ended late is given up all the same.
        self.advance(now, share);
        match event {
            Event::Ended(item, result) => self.ended(now, item, result, share),
            Event::Gone(item) => self.gone(now, item),
            Event::Tick => {}
        }
    }

    /// Returns the time of the next [`Event::Tick`], if nothing happens before.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let next = |(item, state): (Node, &State)| match state {
            State::Running(_, until) => *until,
            State::Dropping(tries, _) => self.last(item, tries),
            State::Resting(_, until) => Some(*until),
            State::Waiting | State::Started => None,
        };
        self.states.iter().enumerate().filter_map(next).min()
    }

    fn begin(&mut self, now: Instant, items: &[Node]) {
        for &item in items {
            self.attempt(now, item, Tries { began: now, count: 0, error: None });
        }
    }

    fn attempt(&mut self, now: Instant, item: Node, tries: Tries) {
        let until = [self.times[item].timeout.map(|limit| now + limit), self.last(item, &tries)];
        let tries = Tries { count: tries.count + 1, ..tries };
        self.actions.push(Action::Begin(item, tries.count));
        self.states[item] = State::Running(tries, until.into_iter().flatten().min());
    }

    /// Returns the end of `retry`.
    fn last(&self, item: Node, tries: &Tries) -> Option<Instant> {
        self.times[item].retry.map(|limit| tries.began + limit)
    }

    fn ended(&mut self, now: Instant, item: Node, result: Result<(), String>, share: f64) {
        // The end of an attempt that was given up.
        if self.over || !matches!(self.states[item], State::Running(..)) {
            return;
        }
        let State::Running(tries, _) = std::mem::replace(&mut self.states[item], State::Started) else {
            return;
        };
        match result {
            Ok(()) => {
                let took = now.saturating_duration_since(tries.began);
                self.actions.push(Action::Started { item, attempts: tries.count, took });
                let free = self.front.ended(&self.plan, item);
                self.begin(now, &free);
                self.finish_if_done();
            }
            Err(error) => {
                if let Some((tries, next)) = self.failed(now, item, tries, error, share) {
                    self.states[item] = State::Resting(tries, next);
                }
            }
        }
    }

    fn gone(&mut self, now: Instant, item: Node) {
        if let (false, State::Dropping(tries, next)) = (self.over, &self.states[item]) {
            match (tries.clone(), *next) {
                (tries, next) if now >= next => self.attempt(now, item, tries),
                (tries, next) => self.states[item] = State::Resting(tries, next),
            }
        }
    }

    /// Returns the tries and the time of the next one. Returns `None` if the start has failed, because no attempt follows.
    fn failed(
        &mut self,
        now: Instant,
        item: Node,
        mut tries: Tries,
        error: String,
        share: f64,
    ) -> Option<(Tries, Instant)> {
        let next = now + BACKOFF.after(tries.count, share);
        if self.last(item, &tries).is_none_or(|last| next >= last) {
            self.fail(now, item, &tries, error);
            return None;
        }
        if tries.error.as_ref() != Some(&error) {
            self.actions.push(Action::Waits(item, error.clone()));
            tries.error = Some(error);
        }
        Some((tries, next))
    }

    fn fail(&mut self, now: Instant, item: Node, tries: &Tries, error: String) {
        self.over = true;
        self.states[item] = State::Waiting;
        let runs = |state: &State| matches!(state, State::Running(..));
        let running = (0..self.states.len()).filter(|item| runs(&self.states[*item]));
        self.actions.extend(running.map(Action::GiveUp));
        self.actions.push(Action::Failed(Failed {
            item,
            error,
            attempts: tries.count,
            took: now.saturating_duration_since(tries.began),
            waiting: self.waiting_for(item),
        }));
    }

    /// Returns the items that need `item`, directly or not.
    fn waiting_for(&self, item: Node) -> Vec<Node> {
        let mut reached = vec![false; self.plan.nodes()];
        let mut open = vec![item];
        while let Some(node) = open.pop() {
            for next in self.plan.successors(node) {
                if !std::mem::replace(&mut reached[next], true) {
                    open.push(next);
                }
            }
        }
        let mut waiting: Vec<Node> = (0..self.states.len()).filter(|item| reached[*item]).collect();
        self.plan.sort(&mut waiting);
        waiting
    }

    /// Begins every attempt and gives up every attempt whose time has come.
    fn advance(&mut self, now: Instant, share: f64) {
        for item in 0..self.states.len() {
            if self.over {
                return;
            }
            match &self.states[item] {
                State::Running(tries, Some(until)) if now >= *until => {
                    let tries = tries.clone();
                    let error = self.no_result(item, &tries, *until);
                    self.actions.push(Action::GiveUp(item));
                    // For `fail`, it does not run any more.
                    self.states[item] = State::Waiting;
                    if let Some((tries, next)) = self.failed(now, item, tries, error, share) {
                        self.states[item] = State::Dropping(tries, next);
                    }
                }
                State::Dropping(tries, _) if self.last(item, tries).is_some_and(|last| now >= last) => {
                    let tries = tries.clone();
                    let error = tries.error.as_deref().unwrap_or("no result");
                    let error =
                        format!("{error}; the attempt did not end when it was dropped: it blocks its thread");
                    self.fail(now, item, &tries, error);
                }
                State::Resting(tries, until) if now >= *until => self.attempt(now, item, tries.clone()),
                _ => {}
            }
        }
    }

    /// Returns the error of an attempt that has not ended in time. An earlier error says more than the end of `retry`.
    fn no_result(&self, item: Node, tries: &Tries, until: Instant) -> String {
        let Times { timeout, retry } = self.times[item];
        let within = |limit: Option<Duration>| {
            format!("no result within {}", format_duration(limit.unwrap_or_default()))
        };
        if retry.is_none_or(|limit| tries.began + limit > until) {
            return within(timeout);
        }
        tries.error.clone().unwrap_or_else(|| within(retry))
    }

    fn finish_if_done(&mut self) {
        if !self.over && self.states.iter().all(|state| matches!(state, State::Started)) {
            self.over = true;
            self.actions.push(Action::Done);
        }
    }
}
