//! A program that returns before it is ready, and has managed nothing, prints no report (R21).

use libc::SIGTERM;
use lifecycle_process_tests::{Fixture, Program, program};

fn version(scenario: &str) -> Program {
    // What the start would warn about, to a program that is in use.
    program!("version", scenario).grace("2s").lame_duck("3s").ignoring(SIGTERM)
}

/// R21, also with a log, and if the arguments end the process by `process::exit` or by a code.
#[test]
fn nothing_is_printed_for_a_version() {
    for (scenario, status) in
        [("--version", 0), ("--version with a log", 0), ("--help, by exit", 0), ("--unknown, by code", 2)]
    {
        let ended = version(scenario).run();
        assert!(ended.exited(status).stderr.is_empty(), "{ended:#?}");
    }
}

/// R21: an error of `main` is printed as by a plain `main`.
#[test]
fn only_the_error_is_printed() {
    version("--unknown, by error").run().exited(1).reported_only("Error: \"unknown option\"");
}

/// R21: everything else has a report.
#[test]
fn a_program_that_was_used_has_a_report() {
    for (scenario, status) in [("ready", 0), ("managed", 0), ("panic", 101), ("task panics", 70)] {
        version(scenario).run().exited(status).reported(&["`main` ended; stopped in"]);
    }
}

/// R12, R13: the warnings of the start wait until the program is in use.
#[test]
fn the_warnings_come_when_the_program_is_in_use() {
    for scenario in ["ready", "managed"] {
        let ended = version(scenario).run();
        ended.exited(0).reported(&["lifecycle: warning: SIGTERM was ignored"]);
        ended.reported(&[
            "lifecycle: warning: LIFECYCLE_GRACE lowers grace from 25s to 2s",
            "from 3s to 240ms",
        ]);
    }
}

/// `process::exit` skips the stop, and says so.
#[test]
fn an_exit_of_a_ready_service_is_reported() {
    let ended = program!("version", "exit while ready").run();
    ended.exited(7).reported_only("lifecycle: process::exit was called: the stop was skipped");
}
