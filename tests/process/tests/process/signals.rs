//! The signals that stop a service, and the effect of the first, second and third signal.

use std::time::Duration;

use libc::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use lifecycle::__private::SIGNALS;
use lifecycle_process_tests::{APART, Fixture, Watched, both_flavours, program, soak};

const IN_ORDER: &[&str] = &["managed", "ready", "stopping", "orders closed", "store closed"];

/// R14, R1, R20.
#[test]
fn each_default_signal_stops_in_order_with_status_0() {
    for signal in [SIGTERM, SIGINT] {
        for program in both_flavours!("endings/idle") {
            program.stopped_by(signal).exited(0).said(IN_ORDER);
        }
    }
}

/// R13.
#[test]
fn a_signal_that_was_ignored_at_start_stays_ignored() {
    let mut child = program!("multi", "endings/idle").ignoring(SIGHUP).ready_at_line("ready").start();
    let sets = child.signals().expect("it runs");
    assert!(sets.ignores(SIGHUP) && !sets.catches(SIGHUP));
    assert!(sets.catches(SIGTERM));
    child.signal(SIGHUP);
    child.stop().exited(0).reported(&["SIGTERM from process"]).not_reported("SIGHUP");
}

/// R13: the program's other handlers are called, with a signature of either kind.
#[test]
fn handlers_of_the_program_are_called_as_well() {
    for (signal, name) in [(SIGTERM, "terminate"), (SIGINT, "interrupt")] {
        let ended = program!("handlers", "").stopped_by(signal);
        ended.exited(0).said(&["ready", &format!("before: {name}"), &format!("tokio: {name}"), "stopping"]);
    }
}

/// R13: a signal is lost if its handler is there before the handler knows what to do. The window is microseconds, so
/// many processes are tried.
#[test]
fn the_first_signal_that_a_handler_catches_stops_the_program() {
    for run in 0..if soak() { 5_000 } else { 200 } {
        let mut child = program!("current", "startup/endless").start();
        assert!(child.wait_until_it_catches(SIGTERM), "run {run}: {:#?}", child.stopped());
        child.stop().exited(0);
    }
}

/// R13: nobody could find out otherwise why the service does not stop.
#[test]
fn a_sigterm_that_is_ignored_at_start_is_told() {
    let line = "lifecycle: warning: SIGTERM was ignored when the process started";
    for program in both_flavours!("endings/idle") {
        let mut child = program.ignoring(SIGTERM).ready_at_line("ready").start();
        child.signal(SIGTERM);
        child.signal(SIGINT);
        child.stopped().exited(0).reported(&[line]).reported(&["SIGINT from process"]);
    }
    program!("multi", "endings/idle").ignoring(SIGHUP).stopped_by(SIGTERM).not_reported("was ignored");
    // This program does not want SIGTERM.
    program!("usr1", "").ignoring(SIGTERM).stopped_by(SIGUSR1).exited(0).not_reported("was ignored");
}

/// R13: a child inherits the mask, and a supervisor may have left some signals blocked.
#[test]
fn signals_blocked_at_start_are_received() {
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        let program = program!("multi", "endings/idle").blocking(&[SIGTERM, SIGINT, SIGHUP]);
        let (program, _terminal) = program.with_terminal();
        program.stopped_by(signal).exited(0).said(IN_ORDER);
    }
}

/// R14.
#[test]
fn second_signal_ends_the_drain_and_cleanup_still_runs() {
    for program in both_flavours!("endings/task is endless") {
        let mut child = program.grace("50s").ready_at_line("ready").start();
        child.signal(SIGTERM);
        child.wait_for("stopping");
        std::thread::sleep(APART);
        let ended = child.stop();
        ended.exited(70).said(&["stopping", "task dropped", "orders closed", "store closed"]);
        ended.within(APART + Duration::from_secs(3)).reported(&["task spawned at", "endings.rs"]);
    }
}

/// R14: after the second signal, cleanup has at most 3 s, even if the grace is longer.
#[test]
fn second_signal_leaves_cleanup_three_seconds() {
    let mut child = program!("multi", "endings/hook hangs").grace("50s").ready_at_line("ready").start();
    child.signal(SIGTERM);
    child.wait_for("hook hangs");
    std::thread::sleep(APART);
    let ended = child.stop();
    ended.exited(70).said(&["orders closed", "store closed"]);
    ended.within(APART + Duration::from_secs(3)).reported(&["broken", "timed out"]);
}

/// R14.
#[test]
fn third_signal_kills_by_that_signal() {
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        let (program, _terminal) = program!("multi", "endings/hook hangs").grace("50s").with_terminal();
        let mut child = program.ready_at_line("ready").start();
        child.signal(SIGTERM);
        child.wait_for("hook hangs");
        for signal in [SIGTERM, signal] {
            std::thread::sleep(APART);
            child.signal(signal);
        }
        child.stopped().killed_by(signal).within(3 * APART);
    }
}

/// R14, R15: the third signal works even if all threads of the runtime are blocked.
#[test]
fn third_signal_kills_a_blocked_runtime() {
    let mut child = program!("current", "stuck/main").grace("50s").ready_at_line("blocked").start();
    child.signal(SIGTERM);
    for _ in 0..2 {
        std::thread::sleep(APART);
        child.signal(SIGTERM);
    }
    child.stopped().killed_by(SIGTERM).within(3 * APART);
}

/// R14: a terminal and a supervisor may send their signals at the same time.
#[test]
fn sigterm_and_sigint_at_once_count_as_one() {
    for signals in [[SIGTERM, SIGINT], [SIGINT, SIGTERM]] {
        let mut child = program!("multi", "endings/work").ready_at_line("ready").start();
        child.signal_at_once(&signals);
        // A second signal would cut off the work.
        child.stopped().exited(0).said(&["stopping", "work done", "orders closed"]);
    }
}

/// R14: only the signals that `main` names stop the service.
#[test]
fn main_names_its_own_signals() {
    let ended = program!("usr1", "").stopped_by(SIGUSR1);
    ended.exited(0).said(&["ready", "farewell"]).reported(&["SIGUSR1 from process"]);
    program!("usr1", "").stopped_by(SIGTERM).killed_by(SIGTERM).never_said("farewell");
}

/// R14: the table of signals equals the list in the macro. The report has the name of each signal.
#[test]
fn each_signal_stops_a_service_that_names_it_and_is_reported_by_its_name() {
    let macro_knows = include_str!("../../../ui/fail/bad_attribute_main_unknown_signal.stderr");
    let macro_knows: Vec<&str> =
        macro_knows.split('`').filter(|name| name.starts_with("SIG") && *name != "SIGFOO").collect();
    let table: Vec<&str> = SIGNALS.iter().map(|signal| signal.name).collect();
    assert_eq!(table, macro_knows, "`signals.rs` and the macro crate's list differ");
    for signal in SIGNALS {
        let ended = program!("signals", "").stopped_by(signal.number);
        ended.exited(0).reported(&[&format!("lifecycle: {} from process", signal.name)]);
    }
}

/// R14.
#[test]
fn sigint_skips_the_lame_duck_and_sigterm_does_not() {
    let program = || program!("multi", "endings/idle").grace("50s").lame_duck("2s");
    program().stopped_by(SIGTERM).exited(0).not_before(Duration::from_secs(2));
    let program = program().lame_duck("30s");
    program.stopped_by(SIGINT).exited(0).within(Duration::ZERO);
}

/// R14.
#[test]
fn second_signal_ends_the_lame_duck() {
    let program = program!("multi", "endings/idle").grace("50s").lame_duck("30s");
    let mut child = program.ready_at_line("ready").start();
    child.signal(SIGTERM);
    child.wait_for("stopping");
    std::thread::sleep(APART);
    child.stop().exited(0).said(IN_ORDER).within(APART);
}

/// R13, R14: no part of the service polls, so it ends long before the end of its grace.
#[test]
fn an_idle_service_leaves_by_event() {
    for program in both_flavours!("endings/idle") {
        program.grace("30s").stopped_by(SIGTERM).exited(0).within(Duration::from_secs(1));
    }
}
