//! A process ends by its deadline even if its output has no reader (R9, R21).

use std::time::Duration;

use libc::{SIGTERM, STDERR_FILENO};
use lifecycle_process_tests::{Fixture, both_flavours, program};

const GRACE: Duration = Duration::from_secs(3);

/// Unread output is lost. The report names it, and the status is not 0.
#[test]
fn a_full_stdout_pipe_with_its_lock_held() {
    for program in both_flavours!("streams/stdout is full") {
        // The pipe has no reader. A write into a full pipe blocks while the read end is open.
        let (unread, stdout) = std::io::pipe().expect("a pipe");
        let mut child = program.stdout(stdout).grace("3s").start();
        child.wait_for_on_stderr("ready");
        child.stop().exited(70).reported(&["stdout"]).within(GRACE);
        drop(unread);
    }
}

/// Only the report is lost.
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

/// The reader has ended, as in `service 2>&1 | head`.
#[test]
fn a_broken_stderr_pipe() {
    let (reader, stderr) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = program!("multi", "endings/idle").stderr(stderr).stopped_by(SIGTERM);
    ended.exited(0).said(&["orders closed", "store closed"]);
}

/// The reader ends early, as in `LIFECYCLE_PLAN=tree service | head -1`. The status stays the same.
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

/// The subscriber receives the last event before the process is gone.
#[test]
fn a_slow_tracing_subscriber_receives_every_event() {
    for bin in [program!("multi", "streams/log is slow"), program!("plain", "streams/log is slow")] {
        bin.stopped_by(SIGTERM).exited(0).said(&["heard: stopping", "heard: stopped"]);
    }
}

/// R34: a log that is marked `last` ships the end of the stop as well.
#[test]
fn the_end_of_the_stop_is_logged_before_the_flush() {
    for program in both_flavours!("streams/log is slow, with a flush") {
        let ended = program.stopped_by(SIGTERM);
        ended.exited(0).said(&["ready", "stopping", "heard: stopping", "heard: stopped", "flushed"]);
    }
}

/// R34: an observer that hangs, panics or is slow.
#[test]
fn an_observer_delays_no_exit_and_changes_no_status() {
    for (observer, note) in [
        ("hangs", "the observer `hangs` did not receive the end of the stop"),
        ("panics", "the observer `panics` panicked"),
    ] {
        let ended = program!("plain", "endings/idle").env("OPTIONS", format!("observer={observer}"));
        let ended = ended.grace("30s").stopped_by(SIGTERM);
        ended.exited(0).said(&["orders closed", "store closed"]).reported(&[note]);
        ended.within(Duration::from_secs(1));
    }
    let ended = program!("plain", "endings/idle").env("OPTIONS", "observer=prints").stopped_by(SIGTERM);
    ended.exited(0).said(&["fact: Started", "fact: Ready", "fact: Sealed"]);
}

/// R34: the observers of the attribute. A note names a path as it is written, and a closure by the place of the attribute.
#[test]
fn r34_the_attribute_adds_observers() {
    let ended = program!("observed", "").stopped_by(SIGTERM);
    ended.exited(0).said(&["path: sealed with status 0"]).said(&["closure: sealed"]);
    ended.reported(&["the observer `audit::panic` panicked"]);
    ended.reported(&["the observer `", "src/bin/observed.rs:", "` panicked"]);
}

/// A deadlocked subscriber stops the log. The report and the exit are not affected.
#[test]
fn a_deadlocked_tracing_subscriber() {
    for program in both_flavours!("streams/log hangs") {
        let ended = program.grace("20s").stopped_by(SIGTERM);
        ended.exited(0).said(&["orders closed", "store closed"]).said(&["log hangs"]);
        ended.reported(&["SIGTERM from process"]).within(Duration::from_secs(2));
    }
}

/// R21: the end of the process writes the text that `print!` left in the buffer.
#[test]
fn an_unfinished_line_on_stdout_is_flushed() {
    for program in both_flavours!("streams/unflushed") {
        let ended = program.stopped_by(SIGTERM);
        ended.exited(0).said(&["stopping", "the last line, without an end"]);
    }
}
