//! R35: the program `lifecycle`, from its arguments to its exit status. `tests/show` has the pages of real stops.
#![cfg(feature = "show")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const RUN: &str = concat!(
    "{\"at\":\"2026-01-01T00:00:00.000Z\",\"run\":\"7-1\",\"fact\":\"stopping\",\"reason\":\"SIGTERM\",\"left_ms\":1000}\n",
    "{\"at\":\"2026-01-01T00:00:00.100Z\",\"run\":\"7-1\",\"fact\":\"teardown_began\",\"name\":\"outbox\"}\n",
);

fn lifecycle(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifecycle"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // A program with wrong arguments does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn fails(arguments: &[&str], input: &[u8], status: i32, words: &[&str]) {
    let output = lifecycle(arguments, input);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{told}");
    assert!(output.stdout.is_empty(), "half a page");
    for word in words {
        assert!(told.contains(word), "it lacks `{word}`: {told}");
    }
}

#[test]
fn a_page_is_written_from_standard_input() {
    let output = lifecycle(&["show", "-"], RUN.as_bytes());
    let page = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && output.stderr.is_empty());
    for part in ["<!doctype html>", "killed", "outbox", "</html>"] {
        assert!(page.contains(part), "it lacks `{part}`: {page}");
    }
}

#[test]
fn a_fault_is_told_with_what_to_do_and_the_status_says_whose_it_is() {
    fails(&[], b"", 2, &["the command is `show`", "usage: lifecycle show"]);
    fails(&["show", "--last", "x", "-"], b"", 2, &["`--last x`", "between 1 and 10000"]);
    fails(&["show", "/no/such.jsonl"], b"", 1, &["cannot read `/no/such.jsonl`", "LIFECYCLE_REPORT"]);
    fails(&["show", "/"], b"", 1, &["cannot read `/`", "directory"]);
    fails(
        &["show", "-"],
        b"",
        1,
        &["`standard input` has no line of a report file (0 lines were skipped)", "LIFECYCLE_REPORT"],
    );
    fails(&["show", "-"], b"a log\nof another program\n", 1, &["(2 lines were skipped)"]);
}

#[test]
fn help_and_version_are_on_standard_output() {
    for (argument, words) in
        [("--help", "usage: lifecycle show [--last N] FILE"), ("--version", "lifecycle 0.")]
    {
        let output = lifecycle(&[argument], b"");
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains(words));
    }
}

/// A full disk would otherwise leave half a page and the status 0.
#[test]
#[cfg(target_os = "linux")]
fn a_page_that_cannot_be_written_is_a_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifecycle"));
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a full disk");
    let mut child = command
        .args(["show", "-"])
        .stdin(Stdio::piped())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("a pipe").write_all(RUN.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the page"));
}
