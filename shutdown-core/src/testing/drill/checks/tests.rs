//! Each rule of a drill, with the smallest run that breaks it. Whole services are in `tests/drill.rs`.

use std::time::Duration;

use super::{breaches, time};
use crate::engine::fault::Fault;
use crate::report::EdgeReport;
use crate::stage::Stage;
use crate::testing::drill::case::Case;
use crate::testing::drill::run::Run;
use crate::testing::report::{ServiceInstance, ServiceReport};

const SECOND: Duration = Duration::from_secs(1);

/// Makes a row: the name, the seconds at which the teardown began and ended, and the outcome.
fn row(name: &str, times: Option<(u64, u64)>, outcome: &str) -> ServiceInstance {
    let start = times.map(|(start, _)| Duration::from_secs(start));
    let took = Duration::from_secs(times.map_or(0, |(start, end)| end - start));
    ServiceInstance { name: name.to_owned(), start, took, outcome: outcome.to_owned() }
}

fn edge(why: &str) -> EdgeReport {
    EdgeReport { first: vec![0], then: vec![1], why: why.to_owned() }
}

fn run(case: Case, status: u8, instances: Vec<ServiceInstance>, edges: Vec<EdgeReport>) -> Run {
    let report = ServiceReport {
        reason: "SIGTERM".to_owned(),
        status,
        took: SECOND,
        stages: Vec::new(),
        instances,
        edges,
        cut_off: Vec::new(),
        remarks: Vec::new(),
    };
    Run::new(case, Some(status), SECOND, 10 * SECOND, Some(report))
}

/// The run without a fault: `orders` from 0 s to 1 s, and then `pool` until 2 s.
fn clean(edges: Vec<EdgeReport>) -> Run {
    run(Case::Clean, 0, vec![row("orders", Some((0, 1)), "ok"), row("pool", Some((1, 2)), "ok")], edges)
}

fn at_orders(fault: Fault) -> Case {
    Case::fault(fault, "orders")
}

/// Requires exactly these breaches, each as its rule and a part of its sentence.
#[track_caller]
fn are(clean: &Run, run: &Run, expected: &[(&str, &str)]) {
    let found = breaches(clean, run);
    let fits = found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(breach, (rule, part))| breach.rule == *rule && breach.what.contains(part));
    assert!(fits, "{found:#?}");
}

#[test]
fn r38_runs_in_which_every_rule_holds_have_no_breach() {
    let edges = vec![edge("field `pool`")];
    let clean = clean(edges.clone());
    are(&clean, &clean, &[]);
    let ended = |outcome: &str| vec![row("orders", Some((0, 1)), outcome), row("pool", Some((1, 2)), "ok")];
    for (fault, outcome, status) in [
        (Fault::Error, "the drill planted an error", 70),
        (Fault::Panic, "panicked: the drill planted a panic", 70),
        (Fault::Hang, "timed out", 70),
        (Fault::Block, "timed out", 70),
        (Fault::Slow, "ok", 0),
        (Fault::Slow, "unconfirmed: nobody has answered", 0),
    ] {
        are(&clean, &run(at_orders(fault), status, ended(outcome), edges.clone()), &[]);
    }
    let second = Case::SecondSignal { stage: Stage::Cleanup };
    are(&clean, &run(second.clone(), 0, ended("ok"), edges.clone()), &[]);
    are(&clean, &run(second, 70, ended("timed out"), edges), &[]);
}

#[test]
fn r38_an_instance_that_begins_before_another_has_ended_breaks_the_order() {
    let early = vec![row("orders", Some((0, 2)), "ok"), row("pool", Some((1, 2)), "ok")];
    for (why, rule) in [("field `pool`", "R1"), ("`depends_on`", "R1"), ("`order = 1` is smaller", "R2")] {
        let run = run(Case::Clean, 0, early.clone(), vec![edge(why)]);
        are(&run, &run, &[(rule, why)]);
    }
    let unordered = run(Case::Clean, 0, early, Vec::new());
    are(&unordered, &unordered, &[]);
}

#[test]
fn r38_an_instance_that_is_gone_or_not_run_breaks_r6() {
    let clean = clean(Vec::new());
    let second = Case::SecondSignal { stage: Stage::Drain };
    are(
        &clean,
        &run(second.clone(), 0, vec![row("orders", Some((0, 1)), "ok")], Vec::new()),
        &[("R6", "0 of 1 `pool`")],
    );
    let not_run = vec![row("orders", Some((0, 1)), "ok"), row("pool", None, "not run")];
    are(&clean, &run(second, 70, not_run, Vec::new()), &[("R6", "`pool` did not run")]);
}

#[test]
fn r38_a_fault_that_goes_nowhere_is_a_breach() {
    let clean = clean(Vec::new());
    for fault in [Fault::Error, Fault::Panic, Fault::Hang, Fault::Block] {
        let both = vec![row("orders", Some((0, 1)), "ok"), row("pool", Some((1, 2)), "ok")];
        let run = run(at_orders(fault), 0, both, Vec::new());
        are(&clean, &run, &[("R7", "says `ok` of `orders`"), ("R20", "is swallowed: the status is 0")]);
    }
}

#[test]
fn r38_a_fault_that_takes_another_instance_down_is_a_breach_unless_the_plan_connects_them() {
    let both =
        |of_pool: &str| vec![row("orders", Some((0, 1)), "timed out"), row("pool", Some((1, 2)), of_pool)];
    for (why, breach) in [
        (None, true),
        (Some("`order = 1` is smaller"), true),
        (Some("field `pool`"), false),
        (Some("`depends_on`"), false),
        (Some("an instance's own dependency"), false),
    ] {
        let edges: Vec<EdgeReport> = why.map(edge).into_iter().collect();
        let clean = clean(edges.clone());
        for outcome in ["the disk is full", "timed out"] {
            let run = run(at_orders(Fault::Hang), 70, both(outcome), edges.clone());
            let expected = [("R7", "no edge of the plan connects it with `orders`")];
            are(&clean, &run, if breach { &expected } else { &[] });
        }
    }
}

/// After an error the value is dropped, so that nothing is left to wait for.
#[test]
fn r38_an_error_that_takes_a_connected_instance_down_is_a_breach() {
    let edges = vec![edge("field `pool`")];
    let clean = clean(edges.clone());
    for (outcome, part) in [
        ("timed out", "`pool` is given up after 1.0s, because of the fault"),
        ("the disk is full", "`pool` fails because of the fault (the disk is full)"),
    ] {
        let rows = vec![
            row("orders", Some((0, 1)), "the drill planted an error"),
            row("pool", Some((1, 2)), outcome),
        ];
        are(&clean, &run(at_orders(Fault::Error), 70, rows, edges.clone()), &[("R7", part)]);
    }
}

/// A connected instance may wait for what the faulty one keeps. It may not lose its time to it.
#[test]
fn r38_a_fault_that_takes_the_time_of_another_instance_is_a_breach() {
    let edges = vec![edge("field `pool`")];
    let slow_pool = vec![row("orders", Some((0, 1)), "ok"), row("pool", Some((1, 5)), "ok")];
    let clean = run(Case::Clean, 0, slow_pool, edges.clone());
    let late = vec![row("orders", Some((0, 7)), "timed out"), row("pool", Some((7, 9)), "timed out")];
    let hung = run(at_orders(Fault::Hang), 70, late, edges.clone());
    are(&clean, &hung, &[("R7", "`pool` had 2.0s left, and needs 4.0s: `orders` took the time")]);
    let never = vec![row("orders", Some((0, 9)), "timed out"), row("pool", None, "not run")];
    are(
        &clean,
        &run(at_orders(Fault::Hang), 70, never, edges),
        &[("R7", "`pool` did not run, because `orders` took the time")],
    );
}

#[test]
fn r38_slowness_has_to_change_nothing() {
    let edges = vec![edge("field `pool`")];
    let clean = clean(edges.clone());
    let slow = |of_orders: &str, of_pool: &str| {
        let rows = vec![row("orders", Some((0, 5)), of_orders), row("pool", Some((5, 6)), of_pool)];
        run(at_orders(Fault::Slow), 70, rows, edges.clone())
    };
    are(&clean, &slow("timed out", "ok"), &[("R7", "`orders` does not end in time if it begins late")]);
    are(&clean, &slow("the pool is closed", "ok"), &[("R7", "`orders` fails if it begins late")]);
    are(&clean, &slow("ok", "busy"), &[("R7", "`pool` fails because `orders` is late: busy")]);
    are(&clean, &slow("ok", "ok"), &[("R20", "the status is 70, and without the fault it is 0")]);
}

#[test]
fn r38_a_status_that_does_not_tell_of_the_fault_is_a_breach() {
    let clean = clean(Vec::new());
    let failed = vec![row("orders", Some((0, 1)), "broken"), row("pool", Some((1, 2)), "ok")];
    are(&clean, &run(at_orders(Fault::Error), 0, failed.clone(), Vec::new()), &[("R20", "is swallowed")]);
    are(
        &clean,
        &run(at_orders(Fault::Error), 124, failed.clone(), Vec::new()),
        &[("R20", "has to make it 70")],
    );
    let second = Case::SecondSignal { stage: Stage::Flush };
    are(&clean, &run(second, 0, failed.clone(), Vec::new()), &[("R20", "has to be 70")]);
    // A `main` that fails anyway has the same status with every fault.
    let of_main = Run { status: Some(1), ..clean };
    are(&of_main, &run(at_orders(Fault::Error), 1, failed.clone(), Vec::new()), &[]);
    are(&of_main, &run(at_orders(Fault::Error), 70, failed, Vec::new()), &[("R20", "has to make it 1")]);
}

#[test]
fn r38_work_that_a_fault_cuts_off_is_a_breach() {
    let clean = clean(Vec::new());
    let failed = vec![row("orders", Some((0, 1)), "broken"), row("pool", Some((1, 2)), "ok")];
    let mut cut = run(at_orders(Fault::Error), 70, failed, Vec::new());
    cut.report.as_mut().unwrap().cut_off.push("1 task".to_owned());
    are(&clean, &cut, &[("R7", "the fault cuts off work in flight: 1 task")]);
}

#[test]
fn r38_a_stop_beyond_grace_breaks_r9() {
    let clean = clean(Vec::new());
    let took = |took| Run { took, ..clean.clone() };
    let late = 10 * SECOND + Duration::from_millis(11);
    are(&clean, &took(late - Duration::from_millis(1)), &[]);
    are(&clean, &took(late), &[("R9", "the stop took 10.0s, and grace is 10.0s")]);
}

#[test]
fn r38_a_process_without_a_report_is_a_breach() {
    let clean = clean(Vec::new());
    let case = at_orders(Fault::Block);
    let none = |status| Run::new(case.clone(), status, SECOND, SECOND, None);
    are(
        &clean,
        &none(Some(124)),
        &[("R21", "the process ended by status 124, after 1.0s, without a report")],
    );
    are(&clean, &none(None), &[("R21", "the process ended by a signal")]);
}

#[test]
fn r38_a_check_of_the_user_that_does_not_hold_is_a_breach() {
    let mut run = clean(Vec::new());
    run.checked("no message is lost", Ok(()));
    are(&run, &run, &[]);
    run.checked("no message is lost", Err("[1] is lost".to_owned()));
    are(&run, &run, &[("no message is lost", "[1] is lost")]);
}

#[test]
fn a_time_has_a_unit() {
    let of = |millis| time(Duration::from_millis(millis));
    assert_eq!([of(0), of(1), of(999), of(1_000), of(24_900)], ["0s", "1ms", "999ms", "1.0s", "24.9s"]);
}
