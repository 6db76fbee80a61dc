//! Gone by its deadline, whoever does not read what it says (R9, R21).

use std::time::Duration;

use libc::{SIGTERM, STDERR_FILENO};
use lifecycle_process_tests::{both_flavours, program};

const GRACE: Duration = Duration::from_secs(3);

/// Output that nobody takes is lost, and the report says so: the service did not end well.
#[test]
fn a_full_stdout_pipe_with_its_lock_held() {
    for program in both_flavours!("streams/stdout is full") {
        // Nobody reads it, and while it is open a write into it blocks.
        let (unread, stdout) = std::io::pipe().expect("a pipe");
        let mut child = program.stdout(stdout).grace("3s").start();
        child.wait_for_on_stderr("ready");
        child.signal(SIGTERM);
        child.ended().exited(70).reported(&["stdout"]).within(GRACE);
        drop(unread);
    }
}

/// The report is lost, and nothing else.
#[test]
fn a_full_stderr_pipe_with_its_lock_held() {
    for program in both_flavours!("streams/stderr is full") {
        let (unread, stderr) = std::io::pipe().expect("a pipe");
        let ended = program.stderr(stderr).grace("3s").stopped_by(SIGTERM);
        ended.exited(0).said(&["orders closed", "store closed"]).within(GRACE);
        drop(unread);
    }
}

#[test]
fn a_closed_stderr() {
    for program in both_flavours!("endings/idle") {
        let ended = program.without(STDERR_FILENO).stopped_by(SIGTERM);
        ended.exited(0).said(&["orders closed", "store closed"]);
    }
}

/// A reader that went away: `service 2>&1 | head`.
#[test]
fn a_broken_stderr_pipe() {
    let (reader, stderr) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = program!("multi", "endings/idle").stderr(stderr).stopped_by(SIGTERM);
    ended.exited(0).said(&["orders closed", "store closed"]);
}

/// `LIFECYCLE_PLAN=tree service | head -1`, and a refusal that nobody reads: the status is the answer.
#[test]
fn a_broken_pipe_changes_no_status() {
    let broken = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        writer
    };
    let program = || program!("plan", "").env("LIFECYCLE_PLAN", "tree");
    program().stdout(broken()).run().exited(0).not_reported("panicked");
    let refused = program().env("LIFECYCLE_PLAN", "shrub");
    refused.stderr(broken()).run().exited(78);
}

/// A deadlocked subscriber takes the log with it, and nothing else: not the report, not the exit.
#[test]
fn a_deadlocked_tracing_subscriber() {
    for program in both_flavours!("streams/log hangs") {
        let ended = program.grace("20s").stopped_by(SIGTERM);
        ended.exited(0).said(&["orders closed", "store closed"]).said(&["log hangs"]);
        ended.reported(&["SIGTERM from process"]).within(Duration::from_secs(2));
    }
}

/// R21: what `print!` left in the buffer is written.
#[test]
fn an_unfinished_line_on_stdout_is_flushed() {
    for program in both_flavours!("streams/unflushed") {
        let ended = program.stopped_by(SIGTERM);
        ended.exited(0).said(&["stopping", "the last line, without an end"]);
    }
}
