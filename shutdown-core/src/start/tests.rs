//! The start of random plans with random faults, against a slow and obvious model.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Action, BACKOFF, Event, Failed, Start, Times};
use crate::plan::tests::cases;
use crate::plan::tests::model::{Sketch, sound_sketch};

const MS: Duration = Duration::from_millis(1);

/// How one attempt ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Starts(Duration),
    Fails(Duration),
    Hangs,
    /// Starts, but has no await at which it could be dropped.
    Blocks(Duration),
}

impl Fate {
    /// Returns how long an attempt takes that nobody gives up, and whether it makes a value.
    fn end(self) -> (Option<Duration>, bool) {
        match self {
            Fate::Starts(takes) | Fate::Blocks(takes) => (Some(takes), true),
            Fate::Fails(takes) => (Some(takes), false),
            Fate::Hangs => (None, false),
        }
    }
}

/// One item of a scenario. The last fate repeats.
#[derive(Clone, Debug)]
struct Script {
    times: Times,
    fates: Vec<Fate>,
}

impl Script {
    fn fate(&self, attempt: usize) -> Fate {
        self.fates[attempt.min(self.fates.len() - 1)]
    }
}

/// What has happened, with the time since the begin.
#[derive(Debug, Default, PartialEq)]
struct Log {
    begun: Vec<(Duration, usize)>,
    given_up: Vec<(Duration, usize)>,
    started: Vec<(Duration, usize)>,
    /// The end of the start. `None` if it hangs.
    end: Option<(Duration, Result<(), Failed>)>,
}

fn run(sketch: &Sketch, scripts: &[Script], share: f64) -> Log {
    let (t0, mut now) = (Instant::now(), Duration::ZERO);
    let times = scripts.iter().map(|script| script.times).collect();
    let mut start = Start::new(t0, &sketch.plan(), times, &vec![false; scripts.len()]);
    let (mut log, mut attempts) = (Log::default(), vec![0; scripts.len()]);
    // The attempts that are there: when each ends or is gone, and the event.
    let mut there: Vec<Option<(Duration, Event)>> = vec![None; scripts.len()];
    loop {
        for action in start.take_actions() {
            match action {
                Action::Begin(item, number) => {
                    log.begun.push((now, item));
                    assert!(there[item].is_none(), "two attempts of one item");
                    let (takes, starts) = scripts[item].fate(attempts[item]).end();
                    let result = if starts { Ok(()) } else { Err("refused".to_owned()) };
                    let at = takes.map_or(Duration::MAX, |takes| now + takes);
                    there[item] = Some((at, Event::Ended(item, result)));
                    attempts[item] += 1;
                    assert_eq!(number as usize, attempts[item]);
                }
                Action::GiveUp(item) => {
                    log.given_up.push((now, item));
                    let Some((at, Event::Ended(..))) = there[item].take() else { panic!("nothing runs") };
                    let blocks = matches!(scripts[item].fate(attempts[item] - 1), Fate::Blocks(_));
                    there[item] = Some((if blocks { at } else { now }, Event::Gone(item)));
                }
                Action::Started { item, attempts: count, .. } => {
                    log.started.push((now, item));
                    assert_eq!(count, u32::try_from(attempts[item]).expect("a count"));
                }
                Action::Waits(..) => {}
                Action::Failed(failed) => log.end = Some((now, Err(failed))),
                Action::Done => log.end = Some((now, Ok(()))),
            }
        }
        if log.end.is_some() {
            assert_eq!(start.wake_at(), None);
            let runs = |there: &Option<(Duration, Event)>| matches!(there, Some((_, Event::Ended(..))));
            assert!(!there.iter().any(runs), "an attempt outlives the start");
            return log;
        }
        let tick = start.wake_at().map(|at| at - t0);
        let finite = |(item, there): (usize, &Option<(Duration, Event)>)| {
            there.as_ref().map(|(at, _)| (*at, item)).filter(|(at, _)| *at < Duration::MAX)
        };
        let next = there.iter().enumerate().filter_map(finite).min();
        match (tick, next) {
            (None, None) => return log,
            (Some(tick), next) if next.is_none_or(|(at, ..)| tick <= at) => {
                now = tick;
                start.on(t0 + now, Event::Tick, share);
            }
            (_, Some((at, item))) => {
                now = at;
                let (_, event) = there[item].take().expect("it is there");
                start.on(t0 + now, event, share);
            }
            (Some(_), None) => unreachable!("the guard holds"),
        }
    }
}

/// The life of one item that begins at `began`, as the rules say it: the begin of each attempt, and the end.
struct Life {
    attempts: Vec<Duration>,
    /// When it has started, or has failed. `None` if it hangs.
    end: Option<(Duration, bool)>,
}

fn life(script: &Script, began: Duration, share: f64) -> Life {
    let last = script.times.retry.map(|retry| began + retry);
    let (mut attempts, mut now) = (Vec::new(), began);
    loop {
        let fate = script.fate(attempts.len());
        attempts.push(now);
        let limit = [script.times.timeout.map(|timeout| now + timeout), last].into_iter().flatten().min();
        let began = now;
        let (takes, starts) = fate.end();
        match (limit, takes.map(|takes| now + takes)) {
            // An attempt that ends at its limit is too late.
            (Some(limit), at) if at.is_none_or(|at| limit <= at) => now = limit,
            (_, None) => return Life { attempts, end: None },
            (_, Some(at)) if starts => return Life { attempts, end: Some((at, true)) },
            (_, Some(at)) => now = at,
        }
        let next = now + BACKOFF.after(u32::try_from(attempts.len()).expect("a count"), share);
        let Some(last) = last.filter(|last| next < *last) else {
            return Life { attempts, end: Some((now, false)) };
        };
        // One that blocks its thread is gone only when it ends.
        let gone = if let Fate::Blocks(takes) = fate { began + takes } else { now };
        now = next.max(gone);
        if now >= last {
            return Life { attempts, end: Some((last, false)) };
        }
    }
}

/// Returns the life of each item, or `None` for one that never begins.
fn lives(sketch: &Sketch, scripts: &[Script], share: f64) -> Vec<Option<Life>> {
    let (precedes, count) = (sketch.precedes(), scripts.len());
    let mut lives: Vec<Option<Life>> = (0..count).map(|_| None).collect();
    let mut known = vec![false; count];
    while let Some(item) = (0..count)
        .find(|item| !known[*item] && (0..count).all(|other| !precedes[*item][other] || known[other]))
    {
        known[item] = true;
        let needed = (0..count).filter(|other| precedes[item][*other]);
        let ends: Option<Vec<Duration>> = needed
            .map(|other| match lives[other].as_ref()?.end? {
                (at, true) => Some(at),
                (_, false) => None,
            })
            .collect();
        lives[item] =
            ends.map(|ends| life(&scripts[item], ends.into_iter().max().unwrap_or_default(), share));
    }
    lives
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> + Clone {
    range.prop_map(Duration::from_millis)
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => millis(0..400).prop_map(Fate::Starts),
        3 => millis(0..400).prop_map(Fate::Fails),
        1 => Just(Fate::Hangs),
        2 => millis(0..1_500).prop_map(Fate::Blocks),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let times = (prop::option::weighted(0.6, millis(1..300)), prop::option::weighted(0.7, millis(1..4_000)));
    (times, vec(fate(), 1..5))
        .prop_map(|((timeout, retry), fates)| Script { times: Times { timeout, retry }, fates })
}

fn scenario() -> impl Strategy<Value = (Sketch, Vec<Script>, f64)> {
    sound_sketch(8).prop_flat_map(|mut sketch| {
        // Nothing is late in a start.
        sketch.items.iter_mut().for_each(|item| item.detached = false);
        let scripts = vec(script(), sketch.items.len());
        (Just(sketch), scripts, 0.0..=1.0_f64)
    })
}

proptest! {
    #![proptest_config(cases(3000))]

    /// R25, R26, R27: a start may fail, hang or come back at the n-th attempt.
    #[test]
    fn a_start_does_what_the_model_says((sketch, scripts, share) in scenario()) {
        let (log, lives) = (run(&sketch, &scripts, share), lives(&sketch, &scripts, share));
        let ends = || lives.iter().flatten().filter_map(|life| life.end);
        let failed = ends().filter(|(_, started)| !started).map(|(at, _)| at).min();
        let until = failed.unwrap_or(Duration::MAX);
        // Things that happen at the instant of the failure may come before or after it.
        let before = |list: &[(Duration, usize)]| -> Vec<(Duration, usize)> {
            let mut list: Vec<_> = list.iter().copied().filter(|(at, _)| *at < until).collect();
            list.sort_unstable();
            list
        };
        let all = || lives.iter().enumerate().filter_map(|(item, life)| Some((item, life.as_ref()?)));
        let begun: Vec<_> =
            all().flat_map(|(item, life)| life.attempts.iter().map(move |at| (*at, item))).collect();
        let started: Vec<_> = all()
            .filter_map(|(item, life)| life.end.filter(|(_, started)| *started).map(|(at, _)| (at, item)))
            .collect();
        prop_assert_eq!(before(&log.begun), before(&begun));
        prop_assert_eq!(before(&log.started), before(&started));
        prop_assert!(log.begun.iter().chain(&log.started).chain(&log.given_up).all(|(at, _)| *at <= until));

        match (&log.end, failed) {
            (Some((at, Err(failure))), Some(failed)) => {
                prop_assert_eq!(*at, failed);
                let life = lives[failure.item].as_ref().expect("it began");
                prop_assert_eq!(life.end, Some((failed, false)));
                prop_assert_eq!(failure.attempts as usize, life.attempts.len());
                prop_assert_eq!(failure.took, failed - life.attempts[0]);
                let precedes = sketch.precedes();
                let mut waiting = failure.waiting.clone();
                waiting.sort_unstable();
                let needs: Vec<usize> =
                    (0..scripts.len()).filter(|other| precedes[*other][failure.item]).collect();
                prop_assert_eq!(waiting, needs);
            }
            (Some((at, Ok(()))), None) => {
                // The critical path, and nothing more.
                prop_assert_eq!(*at, ends().map(|(at, _)| at).max().unwrap_or_default());
                prop_assert_eq!(log.started.len(), scripts.len());
            }
            (None, None) => prop_assert!(lives.iter().any(|life| life.as_ref().is_none_or(|life| life.end.is_none()))),
            (end, failed) => prop_assert!(false, "{end:?}, but the model says {failed:?}"),
        }
    }
}

fn alone(times: Times, fates: &[Fate]) -> (Vec<String>, Option<Failed>) {
    use crate::plan::{Class, Item, Plan};
    let (t0, mut now) = (Instant::now(), Duration::ZERO);
    let plan = Plan::new(vec![Item::default()], &[Class::default()]);
    let mut start = Start::new(t0, &plan, vec![times], &[false]);
    let (mut waits, mut errors) = (Vec::new(), ["refused", "refused", "starting up"].into_iter().cycle());
    let (mut fates, mut fate) = (fates.iter().copied(), Fate::Hangs);
    loop {
        for action in start.take_actions() {
            match action {
                Action::Begin(..) => fate = fates.next().unwrap_or(fate),
                Action::Waits(_, error) => waits.push(error),
                Action::Failed(failed) => return (waits, Some(failed)),
                Action::Done => return (waits, None),
                Action::GiveUp(item) if !matches!(fate, Fate::Blocks(_)) => {
                    start.on(t0 + now, Event::Gone(item), 1.0);
                }
                Action::GiveUp(_) | Action::Started { .. } => {}
            }
        }
        let is_running = matches!(start.states[0], super::State::Running(..));
        match fate {
            Fate::Starts(takes) if is_running => {
                now += takes;
                start.on(t0 + now, Event::Ended(0, Ok(())), 1.0);
            }
            Fate::Fails(takes) if is_running => {
                now += takes;
                let error = errors.next().expect("a cycle").to_owned();
                start.on(t0 + now, Event::Ended(0, Err(error)), 1.0);
            }
            _ => {
                now = start.wake_at().expect("it goes on") - t0;
                start.on(t0 + now, Event::Tick, 1.0);
            }
        }
    }
}

const REFUSED: Fate = Fate::Fails(Duration::from_millis(5));

/// R27: one line for each change, not for each attempt.
#[test]
fn a_wait_is_said_once_for_each_reason() {
    let times = Times { timeout: None, retry: Some(30_000 * MS) };
    let (waits, failed) = alone(times, &[REFUSED, REFUSED, REFUSED, REFUSED, Fate::Starts(MS)]);
    assert_eq!((waits, failed), (vec!["refused".into(), "starting up".into(), "refused".into()], None));
}

#[test]
fn a_failure_says_how_often_and_for_how_long_it_was_tried() {
    let times = Times { timeout: None, retry: Some(3_000 * MS) };
    let (_, failed) = alone(times, &[REFUSED]);
    let failed = failed.expect("it never starts");
    // The waits are 0.2, 0.4, 0.8 and 1 s: the fifth attempt ends at 2.425 s, and a sixth would begin after 3 s.
    assert_eq!((failed.attempts, failed.took), (5, 2_425 * MS));
}

#[test]
fn an_attempt_that_hangs_says_which_limit_has_cut_it() {
    let error =
        |timeout, retry, fates: &[Fate]| alone(Times { timeout, retry }, fates).1.expect("it hangs").error;
    assert_eq!(error(Some(500 * MS), None, &[Fate::Hangs]), "no result within 500ms");
    assert_eq!(error(Some(500 * MS), Some(300 * MS), &[Fate::Hangs]), "no result within 300ms");
    assert_eq!(error(Some(500 * MS), Some(2_000 * MS), &[Fate::Hangs]), "no result within 500ms");
    // The end of `retry` cuts an attempt, but the error before it says more.
    assert_eq!(error(None, Some(2_000 * MS), &[REFUSED, Fate::Hangs]), "refused");
    // One that blocks its thread is the only attempt, however long `retry` is.
    let blocks = Fate::Blocks(Duration::from_secs(9));
    assert_eq!(
        error(Some(500 * MS), Some(4_000 * MS), &[blocks]),
        "no result within 500ms; the attempt did not end when it was dropped: it blocks its thread"
    );
}
