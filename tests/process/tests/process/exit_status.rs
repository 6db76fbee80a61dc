//! The exit status of a service (R20). Every status comes after the teardown of all instances (R6).

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Fixture, both_flavours, program};

const TORN_DOWN: &[&str] = &["managed", "orders closed", "store closed"];

/// Ends a scenario on both flavours: by itself, or by SIGTERM if it has a grace. Each of `says` is in a line of its own.
#[track_caller]
fn ends(scenario: &str, grace: Option<&str>, status: i32, says: &[&[&str]]) {
    for program in both_flavours!(&format!("endings/{scenario}")) {
        let ended = match grace {
            Some(grace) => program.grace(grace).stopped_by(SIGTERM),
            None => program.run(),
        };
        ended.exited(status).said(TORN_DOWN);
        for parts in says {
            ended.reported(parts);
        }
        if grace == Some("1s") {
            ended.within(Duration::from_secs(1));
        }
    }
}

/// Declares a test of [`ends`] for each line.
macro_rules! statuses {
    ($($name:ident: $status:literal, $grace:expr, $($scenario:literal)+, $says:expr;)+) => {$(
        #[test]
        fn $name() {
            $(ends($scenario, $grace, $status, &$says);)+
        }
    )+};
}

// R20, and R6: a start-up that fails tears down the managed instances, and reports its error. R7 and R9: the hooks.
statuses! {
    status_0_when_main_returns: 0, None, "return", [];
    status_0_when_the_program_asks_for_a_stop: 0, None, "shutdown", [&["shutdown requested: nothing left to do"]];
    status_1_when_main_returns_an_error: 1, None, "error", [&["no broker at localhost"]];
    status_1_when_an_essential_task_ends:
        1, None, "essential returns" "essential panics", [&["essential task `consumer` ended"]];
    status_1_when_the_program_fails_by_its_own_word: 1, None, "fail", [&["failed: lost the lead"]];
    status_101_when_main_panics: 101, None, "panic", [&["main panicked: main gave up"]];
    status_70_when_a_hook_fails: 70, Some("20s"), "hook fails", [&["broken", "failed: disk full", "endings.rs"]];
    status_70_when_a_hook_panics: 70, Some("20s"), "hook panics", [&["broken", "panicked: hook gave up"]];
    status_70_when_a_hook_runs_out_of_time:
        70, Some("1s"), "hook hangs", [&["broken", "timed out", "endings.rs"]];
    status_70_when_a_task_panics_during_the_stop:
        70, Some("20s"), "task panics during", [&["tracked tasks that panicked: 1"]];
    // The task's panic is printed, and does not change the status.
    status_0_when_a_task_panicked_before_the_stop: 0, Some("20s"), "task panics before", [&["task gave up"]];
    // 101 before 1 before 70.
    an_error_of_main_counts_more_than_that_of_a_hook:
        1, None, "error, hook fails", [&["no broker at localhost"], &["failed: disk full"]];
    a_panic_of_main_counts_more_than_an_error_of_a_hook:
        101, None, "panic, hook fails", [&["main panicked"], &["failed: disk full"]];
    a_panic_of_main_counts_more_than_an_error_that_was_asked_for: 101, None, "panic, error asked for", [];
}

/// R20, R9.
#[test]
fn status_70_when_a_task_is_cut_off() {
    for program in both_flavours!("endings/task is endless") {
        let ended = program.grace("1s").stopped_by(SIGTERM);
        ended.exited(70).said(TORN_DOWN).said(&["task dropped", "orders closed"]);
        ended.reported(&["task spawned at", "endings.rs"]).within(Duration::from_secs(1));
    }
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
    let ended = program!("version", "managed, by code").grace("10ms").run();
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
    program!("version", "managed, by code").run().exited(3).said(&["farewell"]);
}

/// R26: status 0 would say that the work of the job is done.
#[test]
fn a_job_that_is_stopped_before_its_arguments_have_started_has_failed() {
    let ended = program!("job_arguments", "endless").ready_at_line("starting").start().stop();
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
    let stopped =
        |scenario, grace| program!("job", scenario).grace(grace).ready_at_line("working").start().stop();
    stopped("short", "20s").exited(0).said(&["working", "done", "farewell"]);
    stopped("endless", "1s").exited(70).said(&["working", "farewell"]).within(Duration::from_secs(1));
}
