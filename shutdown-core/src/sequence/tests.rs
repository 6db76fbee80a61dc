//! The sequence in a world that misbehaves. Random plans with random faults, and a small plan with every single and
//! double fault, keep every rule of [`check`].

mod at_notice;
mod check;
mod cost;
mod instants;
mod scenario;
pub(super) mod script;
mod sim;
mod stories;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use self::check::check;
use self::scenario::{At, AtNotice, Doing, Fate, Instance, Main, Scenario};
use self::sim::run;
use crate::plan::tests::model::{Sketch, any_sketch, sound_sketch};
use crate::plan::tests::{cases, is_quick};
use crate::plan::{Class, Item, Need, Why};
use crate::report::MainOutcome;
use crate::stage::TeardownStage;

const MS: Duration = Duration::from_millis(1);

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> + Clone {
    range.prop_map(Duration::from_millis)
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Fine),
        1 => Just(Fate::Fails),
        1 => Just(Fate::Panics),
        2 => Just(Fate::Hangs),
    ]
}

/// Generates the hook of an instance at the notice (R31).
fn at_notice() -> impl Strategy<Value = Option<AtNotice>> {
    let takes = prop_oneof![1 => millis(0..10), 2 => millis(0..2_500)];
    let hook = (fate(), takes, prop::option::weighted(0.7, millis(0..80)));
    prop::option::weighted(0.25, hook.prop_map(|(fate, takes, drops)| AtNotice { fate, takes, drops }))
}

fn ending() -> impl Strategy<Value = MainOutcome> {
    prop_oneof![
        4 => Just(MainOutcome::Ok),
        1 => Just(MainOutcome::Failed { error: "e".into() }),
        1 => Just(MainOutcome::Panicked { message: "p".into() }),
    ]
}

fn main() -> impl Strategy<Value = Main> {
    prop_oneof![
        1 => (millis(0..4_000), ending()).prop_map(|(at, ending)| Main::At(at, ending)),
        4 => (prop_oneof![Just(Duration::ZERO), millis(0..4_000)], ending())
            .prop_map(|(at, ending)| Main::InDrain(at, ending)),
        1 => Just(Main::Never),
    ]
}

fn stop() -> impl Strategy<Value = Doing> {
    prop_oneof![
        4 => Just(Doing::Signal(15)),
        2 => Just(Doing::Signal(2)),
        1 => Just(Doing::Request),
        1 => Just(Doing::Fail),
        1 => Just(Doing::EssentialEnds),
    ]
}

fn doing(instances: usize) -> impl Strategy<Value = (At, Doing)> {
    let at = prop_oneof![(0..40_usize).prop_map(At::Step), millis(0..6_000).prop_map(At::Time),];
    let doing = prop_oneof![
        4 => stop(),
        1 => Just(Doing::TaskPanics),
        2 => (0..instances).prop_map(Doing::Manage),
        2 => (0..instances).prop_map(Doing::Release),
        2 => (0..instances, 0..instances).prop_map(|(a, b)| Doing::DependsOn(a, b)),
        1 => Just(Doing::Block),
        1 => Just(Doing::Unblock),
    ];
    (at, doing)
}

/// Generates runs of the plans of `sketches`, with a number of `doings` in addition to the stop.
fn scenario(
    sketches: impl Strategy<Value = Sketch>,
    prompt: bool,
    late: bool,
    doings: std::ops::Range<usize>,
) -> impl Strategy<Value = Scenario> {
    sketches.prop_flat_map(move |sketch| {
        let count = sketch.items.len();
        let begins = if prompt {
            Just(Some(Duration::ZERO)).boxed()
        } else {
            prop_oneof![
                8 => Just(Some(Duration::ZERO)),
                1 => millis(0..3_000).prop_map(Some),
                1 => Just(None),
            ]
            .boxed()
        };
        let lives = vec((fate(), millis(0..800), begins, at_notice()), count);
        let when = (
            prop_oneof![3 => millis(1_000..12_000), 1 => millis(0..100)],
            prop_oneof![Just(Duration::ZERO), millis(0..3_000)],
            prop::option::weighted(0.8, millis(0..500)),
            prop::bool::weighted(0.1),
            if late {
                prop_oneof![3 => Just(Duration::ZERO), 1 => millis(0..20)].boxed()
            } else {
                Just(Duration::ZERO).boxed()
            },
        );
        let drain = (
            main(),
            vec(prop_oneof![4 => millis(0..4_000).prop_map(Some), 1 => Just(None)], 0..3),
            prop::option::weighted(0.9, millis(0..20)),
        );
        let stop = (millis(0..1_000), stop()).prop_map(|(at, stop)| (At::Time(at), stop));
        let doings = vec(doing(count.max(1)), doings.clone());
        (any::<u64>(), lives, when, drain, stop, doings).prop_map(
            move |(
                seed,
                lives,
                (grace, lame_duck, ready, job, jitter),
                (main, work, cut_takes),
                stop,
                mut doings,
            )| {
                let items = sketch.items.iter().cloned();
                let instances = items.zip(lives).map(|(item, (fate, takes, begins, at_notice))| Instance {
                    item: Item { detached: false, ..item },
                    fate,
                    takes,
                    begins,
                    at_notice,
                });
                doings.retain(|(_, doing)| match doing {
                    Doing::Manage(at) | Doing::Release(at) => *at < count,
                    Doing::DependsOn(a, b) => *a < count && *b < count,
                    _ => true,
                });
                doings.push(stop);
                Scenario {
                    seed,
                    grace,
                    lame_duck,
                    job,
                    ready,
                    classes: sketch.classes.clone(),
                    instances: instances.collect(),
                    main,
                    work,
                    cut_takes,
                    doings,
                    jitter,
                }
            },
        )
    })
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn every_rule_holds_where_only_hooks_misbehave(scenario in scenario(sound_sketch(8), true, false, 0..1)) {
        check(&scenario, &run(&scenario));
    }

    #[test]
    fn every_rule_holds_whatever_happens(scenario in scenario(sound_sketch(8), false, true, 0..6)) {
        check(&scenario, &run(&scenario));
    }

    #[test]
    fn every_rule_holds_with_threads_for_all(scenario in scenario(sound_sketch(8), true, false, 0..6)) {
        check(&scenario, &run(&scenario));
    }

    #[test]
    fn every_rule_holds_with_threads_for_all_and_a_late_clock(scenario in scenario(sound_sketch(8), true, true, 0..6)) {
        check(&scenario, &run(&scenario));
    }

    #[test]
    fn every_rule_holds_for_plans_with_cycles(scenario in scenario(any_sketch(8), false, true, 0..6)) {
        check(&scenario, &run(&scenario));
    }
}

/// Returns a plan with two hooks at the notice, two orders, a need by type, a need by instance, a free instance, and one that is `last`.
fn small(fates: [Fate; 5], begins: [Option<Duration>; 5]) -> Scenario {
    let mut items: [Item; 5] =
        std::array::from_fn(|at| Item { name: format!("i{at}").into(), class: at, ..Item::default() });
    items[0].order = Some(1);
    items[1].order = Some(2);
    items[1].timeout = Some(800 * MS);
    items[2].needs = vec![Need { of: 1, why: Why::Instance }];
    items[4].stage = TeardownStage::Flush;
    let mut classes = vec![Class::default(); 5];
    classes[0].needs = vec![Need { of: 3, why: Why::Field("f") }];
    let parts = items.into_iter().zip(fates).zip(begins);
    let at_notice = AtNotice { fate: Fate::Fine, takes: 120 * MS, drops: Some(MS) };
    let instances = parts.enumerate().map(|(at, ((item, fate), begins))| Instance {
        item,
        fate,
        takes: 150 * MS,
        begins,
        at_notice: [0, 2].contains(&at).then_some(at_notice),
    });
    Scenario {
        seed: 7,
        grace: 5_000 * MS,
        lame_duck: 300 * MS,
        job: false,
        ready: Some(Duration::ZERO),
        classes,
        instances: instances.collect(),
        main: Main::InDrain(100 * MS, MainOutcome::Ok),
        work: vec![Some(400 * MS), Some(600 * MS)],
        cut_takes: Some(MS),
        doings: vec![(At::Time(10 * MS), Doing::Signal(15))],
        jitter: Duration::ZERO,
    }
}

const HEALTHY: ([Fate; 5], [Option<Duration>; 5]) = ([Fate::Fine; 5], [Some(Duration::ZERO); 5]);

/// A fault of the small plan.
type Fault = Box<dyn Fn(&mut Scenario)>;

fn hook_of(scenario: &mut Scenario, at: usize) -> &mut AtNotice {
    scenario.instances[at].at_notice.as_mut().expect("the small plan has it")
}

/// Returns every fault of a hook, of the drain and of `main`, and every call and signal at every step of the stop.
fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for at in 0..5 {
        for fate in [Fate::Fails, Fate::Panics, Fate::Hangs] {
            faults.push(Box::new(move |scenario| scenario.instances[at].fate = fate));
        }
        faults.push(Box::new(move |scenario| {
            scenario.instances[at].takes = 2_000 * MS;
        }));
        for begins in [None, Some(900 * MS)] {
            faults.push(Box::new(move |scenario| scenario.instances[at].begins = begins));
        }
    }
    for at in [0, 2] {
        for fate in [Fate::Fails, Fate::Panics, Fate::Hangs] {
            faults.push(Box::new(move |scenario| hook_of(scenario, at).fate = fate));
        }
        faults.push(Box::new(move |scenario| hook_of(scenario, at).takes = 3_000 * MS));
        // It blocks its thread, for ever or for some time after it was given up.
        for fate in [Fate::Hangs, Fate::Fine] {
            faults.push(Box::new(move |scenario| {
                let takes = 1_020 * MS;
                *hook_of(scenario, at) = AtNotice { fate, takes, drops: None };
            }));
        }
    }
    faults.push(Box::new(|scenario| scenario.lame_duck = Duration::ZERO));
    faults.push(Box::new(|scenario| scenario.lame_duck = 5_000 * MS));
    let endings = [MainOutcome::Failed { error: "e".into() }, MainOutcome::Panicked { message: "p".into() }];
    faults.extend(endings.map(|ending| -> Fault {
        Box::new(move |scenario| scenario.main = Main::InDrain(100 * MS, ending.clone()))
    }));
    faults.push(Box::new(|scenario| scenario.main = Main::Never));
    faults.push(Box::new(|scenario| {
        scenario.main = Main::At(5 * MS, MainOutcome::Ok);
    }));
    faults.push(Box::new(|scenario| scenario.work[1] = None));
    faults.push(Box::new(|scenario| scenario.cut_takes = None));
    faults.push(Box::new(|scenario| scenario.ready = None));
    faults.push(Box::new(|scenario| scenario.job = true));
    faults.push(Box::new(|scenario| scenario.jitter = 5 * MS));
    let steps = run(&small(HEALTHY.0, HEALTHY.1)).steps;
    let mut doings = vec![
        Doing::Signal(15),
        Doing::Signal(2),
        Doing::Request,
        Doing::Fail,
        Doing::EssentialEnds,
        Doing::TaskPanics,
        Doing::Block,
    ];
    doings.extend((0..5).flat_map(|at| [Doing::Manage(at), Doing::Release(at)]));
    doings.extend([Doing::DependsOn(3, 2), Doing::DependsOn(1, 0), Doing::DependsOn(4, 0)]);
    for step in 0..steps {
        for doing in doings.clone() {
            faults.push(Box::new(move |scenario| {
                scenario.doings.push((At::Step(step), doing));
            }));
        }
    }
    faults
}

#[track_caller]
fn check_with(faults: &[&Fault]) {
    let mut scenario = small(HEALTHY.0, HEALTHY.1);
    for fault in faults {
        fault(&mut scenario);
    }
    let tried = std::panic::catch_unwind(|| check(&scenario, &run(&scenario)));
    assert!(tried.is_ok(), "{scenario:#?}");
}

#[test]
fn every_rule_holds_with_no_fault_and_with_every_single_one() {
    check_with(&[]);
    for fault in faults() {
        check_with(&[&fault]);
    }
}

/// Tries every sixteenth pair of faults, or all pairs in a soak.
#[test]
fn every_rule_holds_with_two_faults() {
    let faults = faults();
    let every = match std::env::var_os("LIFECYCLE_SOAK") {
        Some(_) => 1,
        None if is_quick() => 160,
        None => 16,
    };
    let mut pair = 0_usize;
    for (at, one) in faults.iter().enumerate() {
        for other in &faults[at + 1..] {
            pair += 1;
            if pair.is_multiple_of(every) {
                check_with(&[one, other]);
            }
        }
    }
}
