//! R14, R33: what a SIGHUP means.

use std::time::Duration;

use libc::{SIGHUP, SIGTERM};
use lifecycle_process_tests::{Fixture, Folder, both_flavours, program};

const IN_ORDER: &[&str] = &["ready", "stopping", "orders closed", "store closed"];

/// R14.
#[test]
fn a_hangup_stops_a_program_with_a_terminal() {
    for program in both_flavours!("endings/idle") {
        let (program, _terminal) = program.with_terminal();
        program.stopped_by(SIGHUP).exited(0).said(IN_ORDER).reported(&["SIGHUP from process"]);
    }
}

/// R14: the kernel sends the signal when the terminal is gone.
#[test]
fn a_terminal_that_is_gone_stops_the_program() {
    let (program, terminal) = program!("multi", "endings/idle").with_terminal();
    let child = program.ready_at_line("ready").start();
    drop(terminal);
    child.stopped().exited(0).said(IN_ORDER).reported(&["SIGHUP"]);
}

/// R14: a service manager gives no terminal, and asks for a reload by SIGHUP.
#[test]
fn a_hangup_without_a_terminal_is_ignored_and_logged() {
    let mut child = program!("multi", "streams/log is slow").ready_at_line("ready").start();
    child.signal(SIGHUP);
    child.wait_for(
        "heard: SIGHUP is ignored: the process has no controlling terminal, and takes no reload requests",
    );
    child.stop().exited(0).reported(&["SIGTERM from process"]).not_reported("SIGHUP");
}

/// R14: a program that names the signal stops by it.
#[test]
fn a_hangup_that_the_program_names_stops_it() {
    let program = program!("signals", "");
    program.stopped_by(SIGHUP).exited(0).reported(&["SIGHUP from process"]);
}

/// R33: each request is answered, and the answer is told. A terminal makes no difference.
#[test]
fn r33_a_hangup_requests_a_reload_and_each_answer_is_told() {
    let folder = Folder::new();
    for (flavour, program) in both_flavours!("reload/by turns").into_iter().enumerate() {
        let file = folder.path(format!("{flavour}.jsonl"));
        let (program, _terminal) = program.env("LIFECYCLE_REPORT", &file).with_terminal();
        let mut child = program.ready_at_line("ready").start();
        for turn in 0..3 {
            child.signal(SIGHUP);
            child.wait_for(&format!("turn {turn}"));
        }
        child.stop().exited(0).said(&["turn 2", "stopping"]).said(&["no further reloads"]);
        let facts = std::fs::read_to_string(&file).unwrap();
        let errors: Vec<serde_json::Value> = facts
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
            .filter(|line| line["fact"] == "reloaded")
            .map(|line| line["error"].clone())
            .collect();
        assert_eq!(errors[0], serde_json::Value::Null);
        assert_eq!(errors[1..], ["a line has no `=`", "the request was dropped without an answer"]);
        assert_eq!(facts.matches("\"reloading\"").count(), 3);
    }
}

/// Requests that arrive while the program works on one count as one.
#[test]
fn r33_many_hangups_at_once_are_few_reloads() {
    let mut child = program!("multi", "reload/by turns").ready_at_line("ready").start();
    // The kernel joins signals that come at the same instant.
    for _ in 0..50 {
        child.signal(SIGHUP);
        std::thread::sleep(Duration::from_millis(1));
    }
    child.wait_for("turn 1");
    let ended = child.stop();
    ended.exited(0).within(Duration::from_secs(20));
    let turns = ended.stdout.iter().filter(|line| line.starts_with("turn ")).count();
    assert!(turns < 25, "{turns} reloads of 50 requests within a moment");
}

#[test]
fn r33_the_requests_can_be_taken_once() {
    let ended = program!("multi", "reload/taken twice").run();
    ended.exited(101).reported(&[
        "main panicked: the reload requests of this lifecycle are taken already: call `reloads` once",
    ]);
}

/// R33: a program that names signals, and not SIGHUP, would be ended by a reload.
#[test]
fn r33_a_hangup_that_requests_no_reload_is_told_at_the_start() {
    let plain = |options: &str| program!("plain", "reload/by turns").env("OPTIONS", options);
    let ended = plain("signals=SIGTERM").stopped_by(SIGTERM);
    ended.exited(0).reported(&["SIGHUP ends this program, although it takes reload requests"]);
    let ended = plain("").ignoring(SIGHUP).stopped_by(SIGTERM);
    ended.exited(0).reported(&["SIGHUP was ignored when the process started"]);
    plain("").stopped_by(SIGTERM).exited(0).not_reported("SIGHUP");
}
