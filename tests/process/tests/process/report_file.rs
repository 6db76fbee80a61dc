//! R35, R36: what the report file and the termination log say, also of a process that is killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use libc::{SIGKILL, SIGTERM};
use lifecycle_process_tests::{Fixture, Folder, Program, Random, both_flavours, program, soak, wait_until};
use serde_json::Value;

fn one_after_the_other() -> Program {
    program!("multi", "instances/one after the other")
}

fn with_file(program: Program, file: &Path) -> Program {
    program.env("LIFECYCLE_REPORT", file)
}

const FILE: &str = "stops.jsonl";

/// Returns the lines of the file, each of which has an end and is JSON.
#[track_caller]
fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("the report file");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {text}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Waits until the file has so many lines that have an end.
#[track_caller]
fn wait_for_lines(file: &Path, count: usize) {
    wait_until("the file has the lines", || {
        fs::read_to_string(file).map_or(0, |text| text.matches('\n').count()) >= count
    });
}

fn facts(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["fact"].as_str().expect("a fact")).collect()
}

#[test]
fn r35_each_fact_is_a_line_and_the_last_one_is_the_report() {
    let folder = Folder::new();
    for program in both_flavours!("endings/idle") {
        let _ = fs::remove_file(folder.path(FILE));
        with_file(program, &folder.path(FILE)).stopped_by(SIGTERM).exited(0).not_reported("warning");
        let lines = lines(&folder.path(FILE));
        let teardown = ["teardown_began", "teardown_ended", "teardown_began", "teardown_ended"];
        let expected: Vec<&str> = ["started", "ready", "stopping", "entered", "entered"]
            .into_iter()
            .chain(teardown)
            .chain(["stopped", "sealed"])
            .collect();
        assert_eq!(facts(&lines), expected);
        assert!(
            lines[2]["reason"].as_str().is_some_and(|reason| reason.starts_with("SIGTERM")),
            "{}",
            lines[2]
        );
        let report = &lines.last().expect("a line")["report"];
        assert_eq!((&report["status"], &report["instances"][1]["outcome"]), (&0.into(), &"ok".into()));
        assert!(lines.iter().all(|line| line["run"] == lines[0]["run"]), "one run");
    }
}

/// A program that only prints its version is not a run (R21).
#[test]
fn r35_a_program_that_uses_nothing_leaves_no_line() {
    let folder = Folder::new();
    with_file(program!("version", "--version"), &folder.path(FILE)).run().exited(0);
    assert!(!folder.path(FILE).exists());
}

#[test]
fn r35_a_process_that_is_killed_leaves_whole_lines_and_the_next_start_names_what_was_open() {
    let (folder, mut random) = (Folder::new(), Random::new());
    let (mut in_cleanup, runs) = (0, if soak() { 100 } else { 15 });
    for run in 0..runs {
        let file = folder.path(format!("{run}.jsonl"));
        let mut child = with_file(one_after_the_other(), &file).ready_at_line("ready").start();
        child.signal(SIGTERM);
        // The file has its own thread, so the log may be ahead of it. `stopping` is the third line.
        wait_for_lines(&file, 3 + usize::try_from(random.below(8)).expect("a count"));
        std::thread::sleep(Duration::from_micros(random.below(3_000)));
        child.signal(SIGKILL);
        let killed = child.stopped();
        let before = lines(&file);
        let sealed = facts(&before).contains(&"sealed");
        let next = with_file(one_after_the_other(), &file).stopped_by(SIGTERM);
        next.exited(0);
        if sealed {
            next.not_reported("the last run");
            continue;
        }
        killed.killed_by(SIGKILL);
        let named = |fact: &str| -> Vec<&str> {
            let of_fact = before.iter().filter(|line| line["fact"] == fact);
            of_fact.map(|line| line["name"].as_str().expect("a name")).collect()
        };
        let (began, ended) = (named("teardown_began"), named("teardown_ended"));
        let open: Vec<&str> = began.into_iter().filter(|name| !ended.contains(name)).collect();
        next.reported(&[
            "warning: the last run (process ",
            "was killed during its stop (SIGTERM from process",
        ]);
        if open.is_empty() {
            next.not_reported("not torn down");
        } else {
            next.reported(&[&format!("not torn down to the end: `{}`", open.join("`, `"))]);
            in_cleanup += 1;
        }
    }
    println!("{in_cleanup} of {runs} were killed during a teardown");
    assert!(in_cleanup > 0, "the instants are badly chosen");
}

/// A run that was killed before a stop had begun.
#[test]
fn r35_a_crash_is_told_at_the_next_start_and_by_last_stop() {
    let folder = Folder::new();
    let mut child = with_file(one_after_the_other(), &folder.path(FILE)).ready_at_line("ready").start();
    wait_for_lines(&folder.path(FILE), 1);
    child.signal(SIGKILL);
    child.stopped().killed_by(SIGKILL);
    let next = with_file(one_after_the_other(), &folder.path(FILE)).stopped_by(SIGTERM);
    next.exited(0).reported(&["ended without a stop: it was killed, or it crashed"]);
    next.said(&["last stop: None", "ready"]);
    let third = with_file(one_after_the_other(), &folder.path(FILE)).stopped_by(SIGTERM);
    third.exited(0).not_reported("the last run").said(&["last stop: Some(0)", "ready"]);
}

/// A full disk, a missing folder, and a folder in place of the file: one warning, and nothing more.
#[test]
fn r35_a_file_that_cannot_be_written_is_one_warning() {
    let folder = Folder::new();
    for path in [Path::new("/dev/full"), &folder.path("missing/stops.jsonl"), &folder.path("")] {
        let ended = with_file(one_after_the_other(), path).stopped_by(SIGTERM);
        ended.exited(0).reported(&["cannot be written: ", "nothing more is written to it"]);
        let warnings = ended.stderr.iter().filter(|line| line.contains("the report file")).count();
        assert_eq!(warnings, 1, "{ended:#?}");
    }
}

#[test]
fn r36_the_termination_log_says_why_and_what_failed() {
    let folder = Folder::new();
    let log = folder.path("termination-log");
    let stopped = |scenario: &str| {
        fs::write(&log, "an older message, which is longer than the new one ".repeat(9)).expect("a file");
        let program = program!("multi", scenario).env("LIFECYCLE_TERMINATION_LOG", &log);
        program.stopped_by(SIGTERM);
        fs::read_to_string(&log).expect("the log")
    };
    let clean = stopped("endings/idle");
    assert!(clean.starts_with("SIGTERM from process ") && clean.ends_with("; exit status 0\n"), "{clean}");
    let failed = stopped("endings/hook fails");
    let lines: Vec<&str> = failed.lines().collect();
    assert!(lines[0].ends_with("; exit status 70") && lines[1].starts_with("`broken`: "), "{failed}");
}

/// Outside of Kubernetes there is no such file, and none is made.
#[test]
fn r36_a_missing_termination_log_is_not_made() {
    let folder = Folder::new();
    for path in [folder.path("termination-log"), folder.path("")] {
        let program = program!("multi", "endings/idle").env("LIFECYCLE_TERMINATION_LOG", &path);
        program.stopped_by(SIGTERM).exited(0).not_reported("warning");
        assert!(!path.is_file());
    }
}
