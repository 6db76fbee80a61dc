//! The actions of the sequence, carried out in virtual time.

use super::{Happening, Sim};
use crate::report::{MainOutcome, Outcome};
use crate::sequence::tests::scenario::{Fate, HookLife, Main};
use crate::sequence::{Action, Event};
use crate::stage::Stage;

impl Sim<'_> {
    /// Carries out the actions of the sequence.
    pub(super) fn carry_on(&mut self) {
        let (stage, before) = (self.sequence.stage(), self.run.stages.last().copied());
        for action in self.sequence.take_actions() {
            self.run.count += 1;
            let count = self.run.count;
            match action {
                Action::Begin { reason, deadline } => {
                    let deadline = deadline - self.base;
                    self.run.begun.push((self.now, reason, deadline));
                }
                Action::Hurry { deadline } => self.run.hurried.push((self.now, deadline - self.base)),
                Action::Drain => self.drain(),
                Action::CutMain => self.cut_main(),
                Action::CutWork => {
                    let out = self.world().0;
                    self.run.cut = Some((self.main_out, out));
                    self.run.cut_at = Some((self.now, self.run.drain_left.len()));
                    if let Some(takes) = self.scenario.cut_takes {
                        for at in (0..self.work.len()).filter(|at| self.work[*at]).collect::<Vec<_>>() {
                            self.plan(self.now + takes, Happening::WorkEnds(at));
                        }
                    }
                }
                Action::StartAtNotice(id, at) => {
                    assert_eq!(self.run.lives[at].id.unwrap_or(id), id);
                    self.run.lives[at].id = Some(id);
                    assert!(self.run.lives[at].hook.is_none(), "R31: a hook runs once");
                    let now = self.now;
                    self.run.lives[at].hook =
                        Some(HookLife { began: now, ended: None, gone: None, gave_up: None });
                    let hook = self.scenario.instances[at].at_notice.expect("only a declared hook runs");
                    if hook.fate != Fate::Hangs {
                        self.plan(now + hook.takes, Happening::HookEnded(at));
                    }
                }
                Action::AbandonAtNotice(at) => {
                    let (now, drops) = (self.now, self.scenario.instances[at].at_notice);
                    let hook = self.run.lives[at].hook.as_mut().expect("it had begun");
                    assert!(hook.ended.is_none() && hook.gave_up.is_none(), "given up after its end");
                    hook.ended = Some((now, Outcome::TimedOut));
                    hook.gave_up = Some(now);
                    if let Some(drops) = drops.and_then(|hook| hook.drops) {
                        self.plan(now + drops, Happening::HookDropped(at));
                    }
                }
                Action::Release(id, at, _) => {
                    assert_eq!(self.run.lives[at].id, Some(id));
                    self.begin_release(at, stage);
                }
                Action::Start(id, at, _) => {
                    assert_eq!(self.run.lives[at].id.unwrap_or(id), id);
                    self.run.lives[at].id = Some(id);
                    self.run.lives[at].starts += 1;
                    self.run.lives[at].started = Some(count);
                    if let Some(takes) = self.scenario.instances[at].begins {
                        self.plan(self.now + takes, Happening::Began(at));
                    }
                }
                Action::Abandon(at, outcome) => {
                    let life = &mut self.run.lives[at];
                    assert!(life.done.is_none(), "abandoned after its end");
                    assert!(!std::mem::replace(&mut life.abandoned, true));
                    life.done = Some((count, self.now, outcome));
                }
                Action::Tell(kind) => drop(kind),
                Action::Exit { report, .. } => self.run.exits.push((self.now, *report)),
                // A scenario never lowers its grace.
                Action::Scaled(why) => unreachable!("{why}"),
                Action::Die(_) => self.run.died.push(self.now),
            }
        }
        if before.is_none_or(|(before, ..)| before != stage) {
            self.run.stages.push((stage, self.now, self.run.count));
        }
        self.check_limits(stage);
        let left = self.sequence.drain_remaining(self.base + self.now);
        self.run.drain_left.push((self.now, stage, left));
    }

    /// Invariant 4: what runs in a stop runs until a limit that has not passed.
    fn check_limits(&self, stage: Stage) {
        if !matches!(stage, Stage::Cleanup | Stage::Flush) {
            return;
        }
        for life in &self.run.lives {
            if let (Some(id), Some(_), None) = (life.id, life.began, &life.done) {
                let limit = self.sequence.limit(id).expect("a hook that runs has a limit");
                let late = self.sequence.wake_at().is_some_and(|wake| wake <= limit);
                assert!(limit > self.base + self.now || late, "it runs behind its limit");
            }
        }
    }

    fn drain(&mut self) {
        self.run.drains += 1;
        self.draining = true;
        for (at, takes) in self.scenario.work.iter().enumerate() {
            if let Some(takes) = takes {
                self.plan(self.now + *takes, Happening::WorkEnds(at));
            }
        }
        if let Main::InDrain(takes, ending) = &self.scenario.main {
            self.plan(self.now + *takes, Happening::MainEnds(ending.clone()));
        }
        // Nobody sees before the next step that the gate was empty when it closed.
        self.plan(self.now, Happening::GateLooks);
    }

    fn cut_main(&mut self) {
        if let Some(takes) = self.scenario.cut_takes.filter(|_| self.main_out) {
            self.plan(self.now + takes, Happening::MainEnds(MainOutcome::Cut));
        }
    }

    pub(super) fn tell_drained(&mut self) {
        if self.draining && !self.main_out && self.world().0 == 0 && !self.told_drained {
            self.told_drained = true;
            self.feed(Event::Drained);
        }
    }
}
