//! The exit status of a service (R20). Every status comes after the teardown of all instances (R6).

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, Fixture, both_flavours, program};

const TORN_DOWN: &[&str] = &["managed", "orders closed", "store closed"];

/// Runs a scenario that ends by itself, on both flavours.
#[track_caller]
fn ends_with(scenario: &str, status: i32) -> [Ended; 2] {
    let run = |program: lifecycle_process_tests::Program| {
        let ended = program.run();
        ended.exited(status).said(TORN_DOWN);
        ended
    };
    both_flavours!(&format!("endings/{scenario}")).map(run)
}

/// Stops a scenario by SIGTERM, on both flavours.
#[track_caller]
fn stopped_with(scenario: &str, grace: &str, status: i32) -> [Ended; 2] {
    let run = |program: lifecycle_process_tests::Program| {
        let ended = program.grace(grace).stopped_by(SIGTERM);
        ended.exited(status).said(TORN_DOWN);
        ended
    };
    both_flavours!(&format!("endings/{scenario}")).map(run)
}

/// R20, R6.
#[test]
fn status_0_when_main_returns() {
    ends_with("return", 0);
}

/// R20.
#[test]
fn status_0_when_the_program_asks_for_a_stop() {
    for ended in ends_with("shutdown", 0) {
        ended.reported(&["shutdown requested: nothing left to do"]);
    }
}

/// R20, R6: a start-up that fails tears down the managed instances, and reports its error.
#[test]
fn status_1_when_main_returns_an_error() {
    for ended in ends_with("error", 1) {
        ended.reported(&["no broker at localhost"]);
    }
}

/// R20.
#[test]
fn status_1_when_an_essential_task_ends() {
    for scenario in ["essential returns", "essential panics"] {
        for ended in ends_with(scenario, 1) {
            ended.reported(&["essential task `consumer` ended"]);
        }
    }
}

/// R20.
#[test]
fn status_1_when_the_program_fails_by_its_own_word() {
    for ended in ends_with("fail", 1) {
        ended.reported(&["failed: lost the lead"]);
    }
}

/// R20, R6.
#[test]
fn status_101_when_main_panics() {
    for ended in ends_with("panic", 101) {
        ended.reported(&["main panicked: main gave up"]);
    }
}

/// R20, R7.
#[test]
fn status_70_when_a_hook_fails() {
    for ended in stopped_with("hook fails", "20s", 70) {
        ended.reported(&["broken", "failed: disk full", "endings.rs"]);
    }
}

/// R20, R7.
#[test]
fn status_70_when_a_hook_panics() {
    for ended in stopped_with("hook panics", "20s", 70) {
        ended.reported(&["broken", "panicked: hook gave up"]);
    }
}

/// R20, R7, R9.
#[test]
fn status_70_when_a_hook_runs_out_of_time() {
    for ended in stopped_with("hook hangs", "1s", 70) {
        ended.reported(&["broken", "timed out", "endings.rs"]).within(Duration::from_secs(1));
    }
}

/// R20, R9.
#[test]
fn status_70_when_a_task_is_cut_off() {
    for ended in stopped_with("task is endless", "1s", 70) {
        ended.said(&["task dropped", "orders closed"]);
        ended.reported(&["task spawned at", "endings.rs"]).within(Duration::from_secs(1));
    }
}

/// R20.
#[test]
fn status_70_when_a_task_panics_during_the_stop() {
    for ended in stopped_with("task panics during", "20s", 70) {
        ended.reported(&["tracked tasks that panicked: 1"]);
    }
}

/// R20: the task's panic is printed, and does not change the status.
#[test]
fn status_0_when_a_task_panicked_before_the_stop() {
    for ended in stopped_with("task panics before", "20s", 0) {
        ended.reported(&["task gave up"]);
    }
}

/// R20: 101 before 1 before 70.
#[test]
fn what_main_did_counts_more_than_what_a_hook_did() {
    for ended in ends_with("error, hook fails", 1) {
        ended.reported(&["no broker at localhost"]).reported(&["failed: disk full"]);
    }
    for ended in ends_with("panic, hook fails", 101) {
        ended.reported(&["main panicked"]).reported(&["failed: disk full"]);
    }
    ends_with("panic, error asked for", 101);
}

/// R20, R6: 124 before 101. The thread that all teardowns need was blocked until the deadline.
#[test]
fn the_deadline_counts_more_than_anything() {
    let ended = program!("current", "endings/panic, thread blocked").grace("1s").run();
    ended.exited(124).within(Duration::from_secs(1));
    ended.reported(&["Orders", "not run"]).reported(&["Store", "not run"]);
}

/// R20: status 78, and one line that names the expected value.
#[test]
fn status_78_when_the_environment_is_wrong() {
    let cases = [
        ("LIFECYCLE_GRACE", "soon", "LIFECYCLE_GRACE is `soon`: expected a duration such as `30s`"),
        ("LIFECYCLE_GRACE", "-1", "LIFECYCLE_GRACE is `-1`: expected"),
        ("LIFECYCLE_GRACE", "0", "LIFECYCLE_GRACE is 0s: expected at least 10ms"),
        ("LIFECYCLE_GRACE", "1ns", "LIFECYCLE_GRACE is 1ns: expected at least 10ms"),
        ("LIFECYCLE_GRACE", "9999us", "LIFECYCLE_GRACE is 9ms 999us: expected at least 10ms"),
        ("LIFECYCLE_GRACE", "367days", "LIFECYCLE_GRACE is 1year"),
        ("LIFECYCLE_GRACE", "1e9", "LIFECYCLE_GRACE is `1e9`: expected a duration"),
        ("LIFECYCLE_GRACE", "99999999999999999999", "LIFECYCLE_GRACE is `99999999999999999999`: expected"),
        ("LIFECYCLE_LAME_DUCK", "5 parsecs", "LIFECYCLE_LAME_DUCK is `5 parsecs`: expected"),
        ("LIFECYCLE_LAME_DUCK", "1h", "LIFECYCLE_LAME_DUCK is 1h: expected less than the grace of 20s"),
        ("LIFECYCLE_PLAN", "shrub", "LIFECYCLE_PLAN is `shrub`: expected `tree`, `dot`, `mermaid` or `json`"),
    ];
    for (name, value, line) in cases {
        let ended = program!("multi", "endings/return").env(name, value).run();
        ended.exited(78).reported_only(&format!("lifecycle: {line}")).never_said("managed");
    }
}

/// R20: a template often sets a variable to nothing. That means the same as no variable.
#[test]
fn an_empty_variable_is_unset() {
    for empty in ["", " ", "\t\n"] {
        for name in ["LIFECYCLE_GRACE", "LIFECYCLE_LAME_DUCK", "LIFECYCLE_PLAN"] {
            let ended = program!("multi", "endings/return").env(name, empty).run();
            ended.exited(0).said(TORN_DOWN);
            let grace = if name == "LIFECYCLE_GRACE" { "of 25s" } else { "of 20s" };
            ended.reported(&["stopped in", grace]);
        }
    }
}

/// R9: the shortest grace is long enough for a stop without work.
#[test]
fn the_shortest_grace_is_accepted() {
    let ended = program!("code", "").grace("10ms").run();
    assert_ne!(ended.status.code(), Some(78), "{ended:#?}");
}

/// R20: what a call of `process::exit` has skipped is told, whoever calls it.
#[test]
fn process_exit_says_what_it_has_skipped() {
    for scenario in ["exit by a thread", "exit by a panic hook"] {
        for program in both_flavours!(&format!("endings/{scenario}")) {
            let ended = program.run();
            ended.exited(7).never_said("orders closed");
            ended.reported(&["lifecycle: process::exit was called: 2 instances were not torn down"]);
        }
    }
    for program in both_flavours!("endings/exit by a hook") {
        let ended = program.stopped_by(SIGTERM);
        ended.exited(7).reported(&["lifecycle: process::exit was called: "]);
    }
}

/// R9: the parser accepts a grace that the clock cannot hold. The start must refuse it.
#[test]
fn status_78_when_the_grace_is_beyond_the_clock() {
    let ended = program!("multi", "endings/idle").grace("18446744073709551615s").run();
    ended.exited(78).reported_only("lifecycle: LIFECYCLE_GRACE is 584542046090years").never_said("managed");
}

/// An environment variable can hold bytes that are not text.
#[test]
fn status_78_when_the_environment_is_not_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let value = std::ffi::OsStr::from_bytes(b"\xff5s");
    let ended = program!("multi", "endings/return").env("LIFECYCLE_GRACE", value).run();
    ended.exited(78).reported_only("lifecycle: LIFECYCLE_GRACE is `");
}

/// A number without a unit is in seconds. `humantime` parses every other value.
#[test]
fn the_environment_wins_over_the_code() {
    for (grace, printed) in [("7", "of 7s"), ("1m 30s", "of 1m 30s"), ("1500ms", "of 1s 500ms")] {
        let ended = program!("multi", "endings/return").grace(grace).run();
        ended.exited(0).reported(&["`main` ended; stopped in", printed]);
    }
}

/// R20: the error of `main` is printed even without a report, as in plain Rust.
#[test]
fn the_error_of_main_is_printed_without_a_report() {
    let ended = program!("job", "error").run();
    ended.exited(1).said(&["farewell"]).reported_only("Error: \"no input\"");
}

/// R20: `main` chooses its own status.
#[test]
fn main_may_return_an_exit_code() {
    program!("code", "").run().exited(3).said(&["farewell"]);
}

/// R26: status 0 would say that the work of the job is done.
#[test]
fn a_job_that_is_stopped_before_its_arguments_have_started_has_failed() {
    let mut child = program!("job_arguments", "endless").start();
    child.wait_for("starting");
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(1).never_said("working").within(Duration::ZERO);
    ended.reported(&["main failed: the stop began before everything had started"]);
}

/// R26.
#[test]
fn an_argument_that_does_not_start_is_the_reason_of_the_stop_and_not_a_failure_of_main() {
    let ended = program!("job_arguments", "fails").run();
    ended.exited(1).never_said("working");
    ended.reported(&["lifecycle: `Input` did not start: no input; stopped in"]).not_reported("main failed");
}

/// R20: a batch job counts as work in flight from its start.
#[test]
fn a_job_finishes_its_work_or_is_cut_off() {
    let stopped = |scenario, grace| {
        let mut child = program!("job", scenario).grace(grace).start();
        child.wait_for("working");
        child.signal(SIGTERM);
        child.stopped()
    };
    stopped("short", "20s").exited(0).said(&["working", "done", "farewell"]);
    stopped("endless", "1s").exited(70).said(&["working", "farewell"]).within(Duration::from_secs(1));
}
