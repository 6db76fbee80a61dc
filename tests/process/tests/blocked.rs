//! A process ends by its deadline even if a thread is blocked (R9, R15). Each case runs on each runtime flavour.
//!
//! A block lasts two minutes. A process that waited for its end would exceed its grace of 1 s.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, Program, both_flavours, program};

const GRACE: Duration = Duration::from_secs(1);
const TORN_DOWN: &[&str] = &["orders closed", "store closed"];
const NOT_RUN: &[&[&str]] = &[&["Orders", "not run"], &["Store", "not run"]];

/// Stops the program when it is stuck.
#[track_caller]
fn stopped(program: Program, stuck: &str) -> Ended {
    let mut child = program.grace("1s").start();
    child.wait_for(stuck);
    child.signal(SIGTERM);
    child.ended()
}

/// Checks that the process ends in time, tears down its instances, and names the cut-off work.
#[track_caller]
fn cut_off(program: Program, stuck: &str, named: &[&str]) {
    let ended = stopped(program, stuck);
    ended.exited(70).said(TORN_DOWN).reported(named).within(GRACE);
}

/// Checks that the report lists each teardown as not run, because no thread was left (R6).
#[track_caller]
fn struck(program: Program, stuck: &str) -> Ended {
    let ended = stopped(program, stuck);
    ended.exited(124).within(GRACE);
    for row in NOT_RUN {
        ended.reported(row);
    }
    ended
}

#[test]
fn a_task_that_never_ends() {
    for program in both_flavours!("stuck/task is endless") {
        cut_off(program, "ready", &["task spawned at", "stuck.rs"]);
    }
}

#[test]
fn one_worker_blocked_multi_thread() {
    cut_off(program!("multi", "stuck/one worker"), "blocked", &["task spawned at", "stuck.rs"]);
}

#[test]
fn all_workers_blocked_multi_thread() {
    struck(program!("multi", "stuck/all workers"), "blocked");
}

#[test]
fn the_worker_blocked_current_thread() {
    struck(program!("current", "stuck/one worker"), "blocked");
    struck(program!("current", "stuck/all workers"), "blocked");
}

#[test]
fn main_blocked_multi_thread() {
    cut_off(program!("multi", "stuck/main"), "blocked", &["    `main`"]);
}

#[test]
fn main_blocked_current_thread() {
    struck(program!("current", "stuck/main"), "blocked");
}

/// R13: a start-up that never reaches an await cannot be dropped. The deadline still applies.
#[test]
fn start_up_blocked() {
    cut_off(program!("multi", "stuck/start-up"), "blocked", &["    `main`"]);
    struck(program!("current", "stuck/start-up"), "blocked");
}

#[test]
fn spawn_blocking() {
    for program in both_flavours!("stuck/spawn_blocking") {
        cut_off(program, "blocked", &["blocking task spawned at", "stuck.rs"]);
    }
}

/// The task is not tracked. Its work is lost, so the status is never 0.
#[test]
fn the_spawn_blocking_of_tokio() {
    for program in both_flavours!("stuck/tokio's spawn_blocking") {
        cut_off(program, "blocked", &["a thread of the runtime did not end"]);
    }
}

#[test]
fn a_blocking_drop_of_a_task_multi_thread() {
    cut_off(program!("multi", "stuck/drop of a task"), "blocked", &["task spawned at", "stuck.rs"]);
}

#[test]
fn a_blocking_drop_of_a_task_current_thread() {
    struck(program!("current", "stuck/drop of a task"), "blocked");
}

/// The task is not tracked. So it delays only the exit from the runtime.
#[test]
fn a_blocking_drop_of_a_task_of_tokio() {
    cut_off(
        program!("multi", "stuck/drop of tokio's task"),
        "blocked",
        &["a thread of the runtime did not end"],
    );
    cut_off(
        program!("current", "stuck/drop of tokio's task"),
        "blocked",
        &["the main thread did not leave the runtime"],
    );
}

#[test]
fn a_blocking_drop_of_main_multi_thread() {
    cut_off(program!("multi", "stuck/drop of main"), "blocked", &["    `main`"]);
}

#[test]
fn a_blocking_drop_of_main_current_thread() {
    struck(program!("current", "stuck/drop of main"), "blocked");
}

#[test]
fn a_blocking_drop_of_a_value_multi_thread() {
    let program = program!("multi", "stuck/drop of a value");
    cut_off(program, "ready", &["A slow value", "timed out", "stuck.rs"]);
}

/// The teardown of the value runs first. The later teardowns have no thread.
#[test]
fn a_blocking_drop_of_a_value_current_thread() {
    let ended = struck(program!("current", "stuck/drop of a value"), "ready");
    ended.said(&["value closed"]).reported(&["A slow value", "timed out"]);
}

#[test]
fn a_blocking_teardown_multi_thread() {
    cut_off(program!("multi", "stuck/teardown"), "ready", &["A hook that blocks", "timed out", "stuck.rs"]);
}

/// The name of the hook puts it first, and no later teardown runs.
#[test]
fn a_blocking_teardown_current_thread() {
    struck(program!("current", "stuck/teardown"), "ready");
}

/// R15: the supervisor wakes an idle worker. So timers and sockets continue.
#[test]
fn a_worker_that_blocks_with_the_driver_stalls_nobody_else() {
    let mut child = program!("multi", "stuck/driver").grace("6s").start();
    child.wait_for("ready");
    child.signal(SIGTERM);
    child.wait_for("timer fired");
    assert!(child.since_asked() < Duration::from_secs(4), "the timer waited for the end of the drain");
    let ended = child.ended();
    ended.exited(70).said(&["driver blocked", "timer fired", "orders closed"]).within(Duration::from_secs(6));
}

/// The watchdog is armed until the process ends, even while an exit handler of the C library hangs.
#[test]
fn an_exit_handler_that_hangs() {
    for program in both_flavours!("stuck/exit") {
        let ended = stopped(program, "ready");
        ended.exited(124).said(TORN_DOWN).within(GRACE).not_before(GRACE);
    }
}
