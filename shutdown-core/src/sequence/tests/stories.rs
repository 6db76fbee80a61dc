//! Runs that random faults produce too seldom, one claim each.

use std::time::Duration;

use super::check::check;
use super::scenario::{At, Doing, Fate, Instance, Main, Run, Scenario};
use super::sim::run;
use crate::plan::{Class, Item, Need, Why};
use crate::report::{InstanceReport, MainOutcome, Outcome};
use crate::stage::TeardownStage;

const MS: Duration = Duration::from_millis(1);

/// Returns a stop of 5 s that begins at 10 ms, with these instances and no work in flight.
fn stop_of(instances: Vec<Instance>) -> Scenario {
    Scenario {
        seed: 3,
        grace: 5_000 * MS,
        lame_duck: Duration::ZERO,
        job: false,
        ready: Some(Duration::ZERO),
        classes: vec![Class::default()],
        instances,
        main: Main::InDrain(Duration::ZERO, MainOutcome::Ok),
        work: Vec::new(),
        cut_takes: None,
        doings: vec![(At::Time(10 * MS), Doing::Signal(15))],
        jitter: Duration::ZERO,
    }
}

fn instance(name: &'static str, before: &[usize]) -> Instance {
    Instance {
        item: Item {
            name: name.into(),
            needs: before.iter().map(|of| Need { of: *of, why: Why::Instance }).collect(),
            ..Item::default()
        },
        fate: Fate::Fine,
        takes: 100 * MS,
        begins: Some(Duration::ZERO),
        at_notice: None,
    }
}

#[track_caller]
fn checked(scenario: &Scenario) -> Run {
    let run = run(scenario);
    check(scenario, &run);
    run
}

#[track_caller]
fn row<'a>(run: &'a Run, name: &str) -> &'a InstanceReport {
    let mut rows = run.exits[0].1.instances.iter();
    rows.find(|row| row.name == name).expect("it is reported")
}

/// R2: if the middle one of three orders is released early, the third still waits for the first.
#[test]
fn a_release_lets_no_order_overtake() {
    let mut instances = vec![instance("a", &[]), instance("b", &[]), instance("c", &[])];
    for (one, order) in instances.iter_mut().zip(1..) {
        one.item.order = Some(order);
    }
    let mut scenario = stop_of(instances);
    scenario.work = vec![Some(500 * MS)];
    scenario.doings.push((At::Time(100 * MS), Doing::Release(1)));
    let run = checked(&scenario);
    let (a, c) = (row(&run, "a"), row(&run, "c"));
    assert_eq!(c.start, a.start.map(|start| start + a.took));
}

/// R10: the little time that a blocked runtime leaves is shared by the remaining teardowns.
#[test]
fn what_a_blocked_runtime_leaves_is_shared() {
    let mut instances = vec![instance("a", &[1]), instance("b", &[2]), instance("c", &[])];
    for one in &mut instances {
        one.fate = Fate::Hangs;
    }
    instances[0].begins = Some(4_000 * MS);
    let run = checked(&stop_of(instances));
    for name in ["a", "b", "c"] {
        let row = row(&run, name);
        assert_eq!(row.outcome, Outcome::TimedOut);
        assert!(row.took.abs_diff(300 * MS) < MS, "{name} had {:?}", row.took);
    }
}

/// R10: a teardown that never had a thread delays no teardown of the flush, even if it precedes them by its own needs.
#[test]
fn the_flush_runs_in_order_although_the_cleanup_never_ends() {
    let mut instances = vec![instance("a", &[1]), instance("t", &[2]), instance("u", &[])];
    instances[0].begins = None;
    instances[1].item.stage = TeardownStage::Flush;
    instances[2].item.stage = TeardownStage::Flush;
    let run = checked(&stop_of(instances));
    assert_eq!(row(&run, "a").outcome, Outcome::NotRun);
    assert_eq!(row(&run, "t").outcome, Outcome::Ok);
    assert_eq!(row(&run, "u").outcome, Outcome::Ok);
    assert_eq!(run.exits[0].1.exit_status(), 124);
}

/// R6: a hook that gets its thread when the cleanup is over, but before the clock has ticked, may still run.
#[test]
fn a_hook_that_begins_after_cleanup_is_over_gets_its_time_in_the_flush() {
    let mut instances = vec![instance("a", &[]), instance("t", &[])];
    // Cleanup ends at 10 ms + 5 s - 100 ms - 250 ms.
    instances[0].begins = Some(4_655 * MS);
    instances[0].takes = 10 * MS;
    instances[1].item.stage = TeardownStage::Flush;
    let mut scenario = stop_of(instances);
    scenario.jitter = 20 * MS;
    let run = checked(&scenario);
    assert_eq!(row(&run, "a").outcome, Outcome::Ok);
    assert_eq!(row(&run, "t").outcome, Outcome::Ok);
}

/// R6: if time-outs are scaled far down, a teardown without one has a share of less than a nanosecond.
#[test]
fn a_share_that_rounds_to_nothing_is_a_chance_all_the_same() {
    let mut instances = vec![instance("a", &[]), instance("t", &[2]), instance("u", &[])];
    instances[0].item.timeout = Some(4_000 * MS);
    instances[1].item.timeout = Some(12 * MS);
    instances[1].item.stage = TeardownStage::Flush;
    instances[2].item.stage = TeardownStage::Flush;
    for one in &mut instances {
        one.fate = Fate::Hangs;
    }
    let mut scenario = stop_of(instances);
    scenario.grace = MS;
    let run = checked(&scenario);
    for name in ["a", "t", "u"] {
        assert_eq!(row(&run, name).outcome, Outcome::TimedOut, "{name}");
    }
}

/// R6: a clock that is late by more than a share does not take a teardown's turn.
#[test]
fn a_late_clock_leaves_a_chance_to_those_whose_time_it_slept_through() {
    let mut instances = vec![instance("a", &[1]), instance("b", &[2]), instance("c", &[])];
    instances[0].fate = Fate::Hangs;
    for one in &mut instances[1..] {
        one.item.timeout = Some(MS);
        one.takes = Duration::ZERO;
    }
    let mut scenario = stop_of(instances);
    scenario.jitter = 5 * MS;
    let run = checked(&scenario);
    assert_eq!(row(&run, "a").outcome, Outcome::TimedOut);
    assert_eq!(row(&run, "b").outcome, Outcome::Ok);
    assert_eq!(row(&run, "c").outcome, Outcome::Ok);
}

/// R6: a drain that had no instance to leave time for has taken all of it, and then instances are managed. Each gets an
/// equal part of the last chance. The declared time-out of the first one does not matter.
#[test]
fn the_last_chance_is_shared_evenly() {
    let mut instances = vec![instance("a", &[1]), instance("b", &[])];
    instances[0].fate = Fate::Hangs;
    instances[0].item.timeout = Some(4_000 * MS);
    instances[1].takes = 10 * MS;
    let mut scenario = stop_of(instances);
    scenario.work = vec![None];
    // All time is up at 10 ms + 5 s - 100 ms, but the clock has not ticked.
    scenario.jitter = 5 * MS;
    scenario.doings.extend([1, 0].map(|at| (At::Time(4_911 * MS), Doing::Manage(at))));
    // With this seed both are managed before the clock ticks.
    scenario.seed = 6;
    let run = checked(&scenario);
    let (a, b) = (row(&run, "a"), row(&run, "b"));
    assert_eq!((&a.outcome, &b.outcome), (&Outcome::TimedOut, &Outcome::Ok));
    assert_eq!(b.start, a.start.map(|start| start + a.took));
}

/// R6, R10: the flush gets the last chance if the clock was late by more than all of its time.
#[test]
fn a_clock_that_sleeps_through_the_flush_leaves_it_the_last_chance() {
    let mut instances = vec![instance("a", &[]), instance("t", &[])];
    instances[0].begins = None;
    instances[1].item.stage = TeardownStage::Flush;
    let mut scenario = stop_of(instances);
    // The flush has a twentieth of grace, 250 ms.
    scenario.jitter = 270 * MS;
    let run = checked(&scenario);
    assert_eq!(row(&run, "a").outcome, Outcome::NotRun);
    assert_eq!(row(&run, "t").outcome, Outcome::Ok);
}

/// R6, R9: a teardown that has waited long enough for a thread gets no last chance.
#[test]
fn a_hook_without_a_thread_has_no_last_chance() {
    let mut instances = vec![instance("a", &[]), instance("b", &[])];
    instances[0].begins = None;
    instances[1].fate = Fate::Hangs;
    let run = checked(&stop_of(instances));
    assert_eq!(row(&run, "a").outcome, Outcome::NotRun);
    assert_eq!(run.exits[0].0, (10 + 5_000 - 100) * MS);
}

/// R4: teardowns that begin at the same time are reported by order, then name.
#[test]
fn the_report_names_what_began_together_by_order_and_name() {
    let mut instances = vec![instance("z", &[]), instance("b", &[]), instance("a", &[])];
    instances[0].item.order = Some(1);
    let run = checked(&stop_of(instances));
    let rows = &run.exits[0].1.instances;
    let names: Vec<&str> = rows.iter().map(|row| &*row.name).collect();
    assert_eq!(names, ["z", "a", "b"]);
}

/// R20: `fail` has an effect during the stop, too.
#[test]
fn a_failure_during_the_stop_ends_it_with_1() {
    let mut scenario = stop_of(vec![instance("a", &[])]);
    scenario.work = vec![Some(500 * MS)];
    scenario.doings.push((At::Time(100 * MS), Doing::Fail));
    let report = checked(&scenario).exits.remove(0).1;
    assert_eq!(report.exit_status(), 1);
    assert!(report.to_string().contains("  failed: no\n"), "{report}");
}

/// R14: a second signal in the last moments does not move the end further away.
#[test]
fn a_second_signal_near_the_end_does_not_put_it_off() {
    let mut hanging = instance("a", &[]);
    hanging.fate = Fate::Hangs;
    let mut scenario = stop_of(vec![hanging]);
    scenario.doings.push((At::Time(4_900 * MS), Doing::Signal(15)));
    let run = checked(&scenario);
    assert!(run.exits[0].0 <= 4_910 * MS, "{:?}", run.exits[0].0);
}

/// An instance that lives long may need many instances, one after the other. It forgets those that were released.
#[test]
fn needs_of_what_was_released_are_forgotten() {
    use crate::sequence::{Config, Event, InstanceId, Released, Sequence, World};
    struct Idle;
    impl World for Idle {
        fn in_flight(&self, _: bool) -> Vec<crate::report::Straggler> {
            Vec::new()
        }
    }
    let now = std::time::Instant::now();
    let config = Config { grace: 5_000 * MS, fits_into: 5_000 * MS, lame_duck: Duration::ZERO, job: false };
    let mut sequence: Sequence<()> = Sequence::new(config);
    let spec = || crate::sequence::Spec {
        name: "pool".into(),
        class: crate::sequence::NO_CLASS,
        order: None,
        timeout: None,
        stage: TeardownStage::Cleanup,
        location: std::panic::Location::caller(),
        at_notice: false,
        needs: Vec::new(),
    };
    let owner = InstanceId(0);
    assert!(sequence.manage(now, owner, spec(), (), &Idle));
    for number in 1..1_000 {
        let pool = InstanceId(number);
        assert!(sequence.manage(now, pool, spec(), (), &Idle));
        sequence.depends_on(now, owner, pool);
        assert!(matches!(sequence.release(now, pool), Released::Run((), None)));
        sequence.on(now, Event::Ended(pool, Outcome::Ok), &Idle);
    }
    let needs = sequence.registry.get(owner).map(|entry| entry.spec.needs.len());
    assert!(needs.is_some_and(|needs| needs <= 2), "{needs:?}");
}
