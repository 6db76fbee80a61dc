//! The rules that every run has to keep, one by one.

use std::time::Duration;

use super::scenario::{At, Doing, Fate, HookLife, Life, Main, Run, Scenario};
use crate::plan::Why;
use crate::plan::tests::model::Sketch;
use crate::report::{AtNoticeReport, InstanceReport, MainOutcome, Outcome, Reason, Report, Straggler};
use crate::sequence::Event;
use crate::stage::{PerStage, Stage, TeardownStage};

const EPSILON: Duration = Duration::from_micros(2);
const MS: Duration = Duration::from_millis(1);

/// Checks all rules.
pub(super) fn check(scenario: &Scenario, run: &Run) {
    let Some((t0, reason, deadline)) = run.begun.first().cloned() else {
        assert!(run.exits.is_empty() && run.lives.iter().all(|life| life.started.is_none()));
        return;
    };
    assert_eq!(run.begun.len(), 1, "invariant 1: one beginning");
    assert_eq!(run.exits.len(), 1, "invariant 5: one exit");
    let (exit, report) = &run.exits[0];
    let seen = Seen { scenario, run, t0, exit: *exit, report };
    assert_eq!((&report.reason, deadline), (&reason, t0 + scenario.grace));
    seen.stages_follow_each_other();
    seen.it_is_over_in_time();
    seen.signals_count_as_they_should();
    seen.everything_is_torn_down_once();
    seen.the_hooks_run_at_the_notice();
    seen.the_order_is_kept();
    seen.the_edges_are_those_of_the_plan();
    seen.what_was_late_is_marked();
    seen.what_was_cut_off_is_named();
    seen.the_drain_ends_when_it_was_told();
    assert_eq!(report.exit_status(), seen.status(), "R20: {report}");
    if seen.is_healthy() {
        seen.nobody_is_starved();
    }
    assert!(!report.to_string().is_empty());
}

struct Seen<'a> {
    scenario: &'a Scenario,
    run: &'a Run,
    t0: Duration,
    exit: Duration,
    report: &'a Report,
}

impl HookLife {
    /// Returns the instant at which nothing waits for the hook any more.
    fn over_at(&self, seen: &Seen<'_>) -> Duration {
        let given_up = self.gave_up.map(|gave_up| gave_up + seen.time_to_drop());
        let gone = self.gone.map(|(_, gone)| gone);
        gone.into_iter().chain(given_up).min().expect("it ended or was given up")
    }
}

impl Seen<'_> {
    /// Whether every hook had a thread as soon as it was started, and the clock was never late.
    fn has_threads(&self) -> bool {
        self.is_prompt() && self.scenario.jitter.is_zero()
    }

    fn is_prompt(&self) -> bool {
        let blocks = |(_, doing): &(At, Doing)| *doing == Doing::Block;
        let prompt = self.scenario.instances.iter().all(|one| one.begins == Some(Duration::ZERO));
        prompt && !self.scenario.doings.iter().any(blocks)
    }

    /// Whether every hook had a thread as soon as it was started, and the clock was late by less than the last chance,
    /// summed over all hooks.
    fn gives_chances(&self) -> bool {
        let instances = u32::try_from(self.scenario.instances.len()).expect("a few");
        let late = self.scenario.jitter * (instances + 2);
        self.is_prompt() && (self.scenario.jitter.is_zero() || late < self.margin() / 2)
    }

    /// Whether only hooks misbehaved, and the stop was requested once.
    fn is_healthy(&self) -> bool {
        let calm = |(_, doing): &(At, Doing)| {
            !matches!(doing, Doing::Manage(_) | Doing::Release(_) | Doing::DependsOn(..) | Doing::Block)
        };
        self.has_threads() && self.run.hurried.is_empty() && self.scenario.doings.iter().all(calm)
    }

    fn margin(&self) -> Duration {
        (self.scenario.grace / 20).min(100 * MS)
    }

    fn stage(&self, stage: Stage) -> Option<Duration> {
        let mut spans = self.report.stages.iter();
        spans.find(|span| span.stage == stage).map(|span| self.t0 + span.start)
    }

    fn row(&self, at: usize) -> Option<&InstanceReport> {
        let name = &self.scenario.instances[at].item.name;
        let mut rows = self.report.instances.iter().filter(|row| row.name == *name);
        let row = rows.next();
        assert!(rows.next().is_none(), "reported twice: {name}");
        row
    }

    fn is_late(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.late)
    }

    /// Whether the instance had left the plan before the stop.
    fn is_gone(&self, at: usize) -> bool {
        self.run.lives[at].id.is_none() || self.row(at).is_none()
    }

    fn sketch(&self) -> Sketch {
        self.scenario.sketch(self.run, |at| self.is_gone(at) || self.is_late(at))
    }

    /// Invariant 1, and the table of stages in DESIGN.md.
    fn stages_follow_each_other(&self) {
        assert!(self.run.stages.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let spans = &self.report.stages;
        assert!(spans.windows(2).all(|pair| pair[0].stage < pair[1].stage));
        assert!(spans.windows(2).all(|pair| pair[0].start + pair[0].took == pair[1].start));
        assert_eq!(spans.first().map(|span| span.start), Some(Duration::ZERO));
        assert_eq!(self.run.drains, 1, "the gate is closed once");
        let ready = self.run.fed.iter().any(|(at, stage, event)| {
            matches!(event, Event::Ready) && *stage == Stage::Running && *at <= self.t0
        });
        let skips = match self.report.reason {
            Reason::Signal { number, .. } => number == 2,
            Reason::MainEnded | Reason::InvalidPlan { .. } => true,
            _ => false,
        };
        let lame_duck = self.scenario.lame_duck.min(self.scenario.grace);
        let announced = ready && !self.scenario.job && !skips;
        let duck = announced && (!lame_duck.is_zero() || self.hooks_at_t0().next().is_some());
        assert_eq!(self.stage(Stage::LameDuck).is_some(), duck);
        let drain = self.stage(Stage::Drain).expect("every stop drains");
        let ends = self.hooks_at_t0().filter_map(|hook| hook.ended.as_ref()).map(|(at, _)| *at - self.t0);
        let hooks = ends.max().unwrap_or_default();
        let window = if self.hooks_at_t0().next().is_some() { self.time_at_notice() } else { Duration::ZERO };
        assert!(drain <= self.t0 + window + lame_duck + self.scenario.jitter, "{drain:?}");
        // Only a signal ends the lame duck before its time, and only the end of the drain cuts it.
        let signals = self
            .run
            .fed
            .iter()
            .filter(|(_, stage, event)| matches!(event, Event::Signal(_)) && *stage == Stage::LameDuck);
        let is_cut = self.run.cut_at.is_some_and(|(cut, _)| cut <= drain);
        if duck && self.is_healthy() && signals.count() == 0 && !is_cut {
            assert_eq!(
                drain,
                self.t0 + hooks + lame_duck,
                "R31: the lame duck counts from the end of the hooks"
            );
        }
        let managed = |last| self.report.instances.iter().any(|row| row.last == last);
        assert!(self.stage(Stage::Cleanup).is_some());
        assert!(self.stage(Stage::Flush).is_none() || managed(true) || !self.has_threads());
    }

    /// The longest time of the hooks at the notice (R31).
    fn time_at_notice(&self) -> Duration {
        (self.scenario.grace / 5).min(5_000 * MS)
    }

    /// The time in which a hook that was given up is dropped.
    fn time_to_drop(&self) -> Duration {
        (self.scenario.grace / 100).min(50 * MS)
    }

    fn hooks_at_t0(&self) -> impl Iterator<Item = &HookLife> {
        let before = |life: &&Life| life.managed.is_some_and(|(_, stage)| stage == Stage::Running);
        self.run.lives.iter().filter(before).filter_map(|life| life.hook.as_ref())
    }

    /// R31, R10: which hooks run, how long, and what waits for them.
    fn the_hooks_run_at_the_notice(&self) {
        let cleanup = self.stage(Stage::Cleanup).expect("every stop cleans up");
        let mut over = Vec::new();
        for (at, life) in self.run.lives.iter().enumerate() {
            let (name, row) = (&self.scenario.instances[at].item.name, self.row(at));
            let declares = self.scenario.instances[at].at_notice.is_some();
            let in_the_plan = declares && life.managed.is_some_and(|(_, stage)| stage == Stage::Running);
            let released_before = life.released == Some(Stage::Running);
            if in_the_plan && row.is_some() && !released_before {
                assert!(life.hook.as_ref().is_some_and(|hook| hook.began == self.t0), "{name}: no hook");
            }
            assert!(life.hook.is_none() || declares && !released_before, "{name}: a hook too many");
            assert_eq!(row.and_then(|row| row.at_notice.as_ref()).is_some(), life.hook.is_some(), "{name}");
            let (Some(hook), Some(row)) = (&life.hook, row.and_then(|row| row.at_notice.as_ref())) else {
                continue;
            };
            let (ended, outcome) = hook.ended.clone().expect("it ended or was given up");
            assert_eq!((row.start, row.took), (hook.began - self.t0, ended - hook.began), "{name}");
            assert_eq!(row.outcome, outcome, "{name}");
            assert!(ended <= hook.began + self.time_at_notice() + self.scenario.jitter, "{name}: too long");
            assert!(ended <= cleanup, "{name}: it ran in the cleanup");
            over.push(hook.over_at(self));
            let Some(begun) = life.released_at.or(life.started) else { continue };
            if hook.gone.is_none_or(|(gone, _)| gone > begun) {
                // Only a hook that blocks its thread is not waited for, after it had time to be dropped.
                let gave_up = hook.gave_up.expect("its teardown has begun");
                let waited = life.began.map_or(cleanup, |began| began).saturating_sub(gave_up);
                let strict = self.is_healthy() && cleanup >= self.t0 + self.time_to_drop();
                assert!(!strict || waited >= self.time_to_drop(), "{name}: together with its hook");
            }
        }
        let drained = self.run.fed.iter().find(|(.., event)| matches!(event, Event::Drained));
        if let (Some((drained, ..)), None, true) = (drained, self.run.cut, self.is_healthy()) {
            let over = over.into_iter().max().unwrap_or_default();
            assert_eq!(cleanup, over.max(*drained), "the cleanup follows the drain and the hooks");
        }
    }

    /// R9, R14, invariant 5.
    fn it_is_over_in_time(&self) {
        let mut until = self.t0 + self.scenario.grace.saturating_sub(self.margin());
        let mut deadline = self.t0 + self.scenario.grace;
        for (now, nearer) in &self.run.hurried {
            assert_eq!(*nearer, deadline.min(*now + Duration::from_secs(3)));
            deadline = *nearer;
            until = until.min(deadline);
        }
        if self.exit > until + self.scenario.jitter {
            // R6: half of the margin is only for teardowns that could not begin before.
            let began = |row: &InstanceReport| row.start.is_some_and(|start| self.t0 + start >= until);
            assert!(!self.has_threads() || self.report.instances.iter().any(began), "longer for nothing");
            until += deadline.saturating_sub(until) / 2;
        }
        assert!(self.exit <= until + self.scenario.jitter, "{:?} > {until:?}", self.exit);
        assert_eq!(self.report.took, self.exit.saturating_sub(self.t0));
    }

    /// R14.
    fn signals_count_as_they_should(&self) {
        let (mut last, mut count, mut hurried, mut died) = (None, 0, Vec::new(), Vec::new());
        for (now, stage, event) in &self.run.fed {
            if !matches!(event, Event::Signal(_)) || last.is_some_and(|last| *now < last + 250 * MS) {
                continue;
            }
            last = Some(*now);
            count += 1;
            match count {
                1 => {}
                2 if *stage == Stage::Exited => {}
                2 => hurried.push(*now),
                _ => died.push(*now),
            }
        }
        let told: Vec<Duration> = self.run.hurried.iter().map(|(at, _)| *at).collect();
        assert_eq!((told, &self.run.died), (hurried.clone(), &died));
        for now in hurried {
            let cleanup = self.stage(Stage::Cleanup).expect("every stop cleans up");
            assert!(cleanup <= now + 50 * MS + self.scenario.jitter);
        }
    }

    /// R6, invariant 2.
    fn everything_is_torn_down_once(&self) {
        for (at, life) in self.run.lives.iter().enumerate() {
            let name = &self.scenario.instances[at].item.name;
            assert!(life.starts <= 1, "{name} was started {} times", life.starts);
            let Some(row) = self.row(at) else {
                let gone = life.released == Some(Stage::Running) && life.done.is_some();
                assert!(life.id.is_none() || gone || life.refused, "{name} is not reported");
                continue;
            };
            let began = life.began;
            match &row.outcome {
                Outcome::NotRun => assert!(began.is_none()),
                outcome => {
                    let (_, ended, seen) = life.done.as_ref().expect("it ended");
                    assert_eq!((life.starts, seen), (1, outcome), "{name}");
                    let began = began.expect("what ended had begun");
                    assert_eq!(row.took, ended.saturating_sub(began));
                    if *outcome == Outcome::TimedOut {
                        let item = &self.scenario.instances[at].item;
                        // Only a clock that is late, or a release before the stop, exceeds a declared time-out.
                        let strict = self.has_threads() && life.released.is_none();
                        assert!(!strict || item.timeout.is_none_or(|timeout| row.took <= timeout));
                    }
                }
            }
        }
        assert!(
            !self.gives_chances()
                || self.scenario.grace.is_zero()
                || self.report.instances.iter().all(|row| row.outcome != Outcome::NotRun),
            "R6: not run, though there were threads"
        );
    }

    /// R1, R2, R5, R8, invariant 3.
    fn the_order_is_kept(&self) {
        let sketch = self.sketch();
        let cyclic = sketch.is_cyclic();
        assert_eq!(cyclic, !self.report.faults.is_empty(), "{:?}", self.report.faults);
        if cyclic {
            return;
        }
        let flush = self.stage(Stage::Flush);
        for a in 0..sketch.items.len() {
            for b in 0..sketch.items.len() {
                let (before, behind) = (&self.run.lives[a], &self.run.lives[b]);
                let Some(start) = behind.started else { continue };
                if before.released.is_some() || sketch.reasons(a, b).is_empty() {
                    continue;
                }
                // A teardown that had no thread during the cleanup does not delay the flush.
                let unbegun = before.began.is_none_or(|began| Some(began) >= flush);
                if sketch.items[a].stage < sketch.items[b].stage && flush.is_some() && unbegun {
                    continue;
                }
                let done = before.done.as_ref().map(|(count, ..)| *count);
                let (a, b) = (&sketch.items[a].name, &sketch.items[b].name);
                assert!(done.is_some_and(|done| done <= start), "{b} started before {a} had ended");
            }
        }
    }

    /// R1, R2: the edges of the report are indices of its rows.
    fn the_edges_are_those_of_the_plan(&self) {
        let sketch = self.sketch();
        if sketch.is_cyclic() {
            return;
        }
        let rows = &self.report.instances;
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
        for edge in &self.report.edges {
            for first in &edge.first {
                next[*first].extend(&edge.then);
            }
        }
        let reaches = |from: usize, to: usize| {
            let (mut seen, mut open) = (vec![false; rows.len()], vec![from]);
            while let Some(row) = open.pop() {
                for row in &next[row] {
                    if !std::mem::replace(&mut seen[*row], true) {
                        open.push(*row);
                    }
                }
            }
            seen[to]
        };
        let row_of: Vec<Option<usize>> =
            sketch.items.iter().map(|item| rows.iter().position(|row| row.name == item.name)).collect();
        for (a, precedes) in sketch.precedes().into_iter().enumerate() {
            for (b, precedes) in precedes.into_iter().enumerate() {
                if let (Some(from), Some(to)) = (row_of[a], row_of[b]) {
                    assert_eq!(reaches(from, to), precedes, "{} before {}", rows[from].name, rows[to].name);
                }
            }
        }
    }

    /// R8.
    fn what_was_late_is_marked(&self) {
        let gone = |at: usize| self.is_gone(at);
        let sketch = self.scenario.sketch(self.run, gone);
        for (at, life) in self.run.lives.iter().enumerate() {
            let (Some((count, stage)), Some(row)) = (life.managed, self.row(at)) else {
                continue;
            };
            if stage < Stage::Cleanup {
                assert!(!row.late);
                continue;
            }
            let begun = |other: usize| {
                let other = &self.run.lives[other];
                other.started.is_some_and(|start| start <= count) || other.released.is_some()
            };
            let passed = (0..sketch.items.len()).any(|other| {
                let own = |why: &Why| !matches!(why, Why::Order(_));
                !self.is_late(other) && begun(other) && sketch.reasons(at, other).iter().any(own)
            });
            assert!(row.late || !passed || sketch.is_cyclic(), "{} is late", row.name);
            let after = |other: usize| begun(other) && !sketch.reasons(at, other).is_empty();
            let excused = (0..sketch.items.len()).any(after) || stage == Stage::Flush && !row.last;
            assert!(!row.late || excused, "{} is not late", row.name);
        }
    }

    /// R7, R10: a straggler is named.
    fn what_was_cut_off_is_named(&self) {
        let mut names = Vec::new();
        if let Some((main, work)) = self.run.cut {
            names.extend(main.then_some(Straggler::Main));
            names.extend((work > 0).then_some(Straggler::Passes { count: work }));
        }
        assert_eq!(self.report.stragglers, names);
        let hangs = |at: usize| self.scenario.instances[at].fate == Fate::Hangs;
        for at in (0..self.run.lives.len()).filter(|at| hangs(*at)) {
            if let Some(row) = self.row(at) {
                assert!(matches!(row.outcome, Outcome::TimedOut | Outcome::NotRun));
            }
        }
    }

    /// R11: work is cut off at the instant that the last answer before told, and no time is left after it.
    fn the_drain_ends_when_it_was_told(&self) {
        let told = &self.run.drain_left;
        let over = told.iter().filter(|(_, stage, _)| *stage > Stage::Drain);
        assert!(over.map(|(.., left)| *left).all(|left| left.is_zero()));
        let Some((cut, answers)) = self.run.cut_at else { return };
        let (before, after) = told.split_at(answers);
        assert!(after.iter().all(|(.., left)| left.is_zero()), "the drain is over");
        let last = before.iter().rfind(|(_, stage, _)| *stage != Stage::Running);
        // A stop that is cut in its first instant has given no answer before.
        let Some((at, _, left)) = last else { return };
        let hurried = self.run.hurried.iter().any(|(hurried, _)| hurried == &cut);
        if hurried {
            assert!(cut <= *at + *left + self.scenario.jitter);
        } else {
            assert!(
                cut >= *at + *left && cut <= *at + *left + self.scenario.jitter,
                "{at:?} + {left:?} is not {cut:?}"
            );
        }
        if hurried || !self.is_healthy() {
            return;
        }
        // The answer before the stop is the drain's length after the whole lame duck.
        let running = before.iter().rfind(|(_, stage, _)| *stage == Stage::Running);
        let has_hook = self.scenario.instances.iter().any(|one| one.at_notice.is_some());
        let hooks = if has_hook && !self.scenario.job { self.time_at_notice() } else { Duration::ZERO };
        let length = (cut - self.t0).saturating_sub(self.lame_duck() + hooks);
        assert!(running.is_none_or(|(.., left)| *left == length), "{running:?} is not {length:?}");
    }

    fn lame_duck(&self) -> Duration {
        if self.scenario.job { Duration::ZERO } else { self.scenario.lame_duck.min(self.scenario.grace) }
    }

    fn hooks(&self) -> impl Iterator<Item = &AtNoticeReport> {
        self.report.instances.iter().filter_map(|row| row.at_notice.as_ref())
    }

    /// R20.
    fn status(&self) -> u8 {
        let during = |event: fn(&Event) -> bool| {
            let mut fed = self.run.fed.iter();
            fed.any(|(_, stage, fed)| !matches!(stage, Stage::Running | Stage::Exited) && event(fed))
        };
        let main = self.run.fed.iter().find_map(|(_, stage, event)| match event {
            Event::MainEnded(ending) if *stage != Stage::Exited => Some(ending),
            _ => None,
        });
        let outcomes = || self.report.instances.iter().map(|row| &row.outcome);
        let fails = during(|event| matches!(event, Event::Stop(Reason::Failed { .. })));
        let reason = &self.report.reason;
        if matches!(reason, Reason::InvalidPlan { .. }) {
            78
        } else if outcomes().any(|outcome| *outcome == Outcome::NotRun) {
            124
        } else if matches!(main, Some(MainOutcome::Panicked { .. })) {
            101
        } else if fails
            || matches!(main, Some(MainOutcome::Failed { .. }))
            || matches!(reason, Reason::Failed { .. } | Reason::EssentialEnded { .. })
        {
            1
        } else if outcomes().any(|outcome| *outcome != Outcome::Ok)
            || self.hooks().any(|hook| hook.outcome != Outcome::Ok)
            || self.run.cut.is_some_and(|(main, work)| main || work > 0)
            || during(|event| matches!(event, Event::TaskPanicked))
            || self.sketch().is_cyclic()
        {
            70
        } else {
            0
        }
    }

    /// R3, R10: if only hooks misbehave, each stage has its reserve, each hook has its share, and the time is that of the
    /// critical path.
    fn nobody_is_starved(&self) {
        let sketch = self.sketch();
        if sketch.is_cyclic() {
            return;
        }
        let grace = self.scenario.grace;
        let seconds = |at: usize| sketch.items[at].timeout.unwrap_or_default().as_secs_f64();
        let reserve = |stage: TeardownStage, least: Duration| {
            let any = sketch.items.iter().any(|item| item.stage == stage);
            let path = sketch.heaviest_of(stage, &seconds);
            if any { path.max(least.as_secs_f64()) } else { 0.0 }
        };
        let available = grace.saturating_sub(self.margin()).as_secs_f64();
        let (mut for_cleanup, mut for_flush) =
            (reserve(TeardownStage::Cleanup, grace / 10), reserve(TeardownStage::Flush, grace / 20));
        if for_cleanup + for_flush > available {
            let scale = available / (for_cleanup + for_flush);
            for_cleanup *= scale;
            for_flush *= scale;
        }
        let after = |seconds: f64| self.t0 + Duration::from_secs_f64(seconds.max(0.0));
        let cleanup = self.stage(Stage::Cleanup).expect("every stop cleans up");
        let cut_until = after(available - for_cleanup - for_flush);
        assert!(cleanup <= cut_until + EPSILON, "drain took from cleanup");
        let cleanup_until = after(available - for_flush);
        let flush = self.stage(Stage::Flush);
        assert!(flush.is_none_or(|flush| flush <= cleanup_until + EPSILON));

        let starts = PerStage { cleanup: Some(cleanup), flush };
        let ends = PerStage { cleanup: cleanup_until, flush: after(available) };
        for stage in TeardownStage::ALL {
            let Some(start) = starts[stage] else { continue };
            let until = ends[stage];
            let time = until.saturating_sub(start).as_secs_f64();
            let undeclared = |at: usize| f64::from(u8::from(sketch.items[at].timeout.is_none()));
            let (d, n) = (sketch.heaviest_of(stage, &seconds), sketch.heaviest_of(stage, &undeclared));
            let share = ((time - d) / n.max(1.0)).max(0.05 * time);
            let weight = |at: usize| if undeclared(at) > 0.0 { share } else { seconds(at) };
            let longest = sketch.heaviest_of(stage, &weight);
            let scale = if longest > time { time / longest } else { 1.0 };
            for at in (0..sketch.items.len()).filter(|at| sketch.items[*at].stage == stage) {
                let row = self.row(at);
                if let Some(row) = row.filter(|row| row.outcome == Outcome::TimedOut) {
                    let share = Duration::from_secs_f64(weight(at) * scale);
                    assert!(row.took + EPSILON >= share, "{}: {:?} of {share:?}", row.name, row.took);
                    let one = &self.scenario.instances[at];
                    assert!(one.fate == Fate::Hangs || one.takes >= row.took);
                }
            }
        }

        let mut sure = self.report.instances.iter();
        if sure.all(|row| !matches!(row.outcome, Outcome::TimedOut | Outcome::NotRun)) {
            let takes = |at: usize| self.scenario.instances[at].takes.as_secs_f64();
            let path: f64 = TeardownStage::ALL.map(|stage| sketch.heaviest_of(stage, &takes)).iter().sum();
            let took = self.exit.saturating_sub(cleanup).as_secs_f64();
            assert!((took - path).abs() < 1e-6, "R3: {took} instead of {path}");
        }
        let calm = self.hooks().next().is_none()
            && self.scenario.work.iter().all(|work| work == &Some(Duration::ZERO));
        if calm && matches!(self.scenario.main, Main::InDrain(Duration::ZERO, _)) {
            assert_eq!(Some(cleanup), self.stage(Stage::Drain), "an empty drain takes no time");
        }
    }
}
