//! A process ends by its deadline even if a thread is blocked (R9, R15). Each case runs on each runtime flavour.
//!
//! A block lasts two minutes. A process that waited for its end would exceed its grace of 1 s.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, Fixture, Program, both_flavours, program};

const GRACE: Duration = Duration::from_secs(1);
const TORN_DOWN: &[&str] = &["orders closed", "store closed"];

/// Stops the program when it is stuck.
#[track_caller]
fn stopped(program: Program, stuck: &str) -> Ended {
    let mut child = program.grace("1s").start();
    child.wait_for(stuck);
    child.stop()
}

/// Checks that the process ends in time, tears down its instances, and names the cut-off work.
#[track_caller]
fn cut_off(program: Program, stuck: &str, named: &[&str]) {
    let ended = stopped(program, stuck);
    ended.exited(70).said(TORN_DOWN).reported(named).within(GRACE);
}

/// Checks that the report lists each teardown as not run, because no thread was left (R6).
#[track_caller]
fn struck(program: Program, stuck: &str, named: &[&str]) {
    let ended = stopped(program, stuck);
    ended.exited(124).within(GRACE).reported(&["Orders", "not run"]).reported(&["Store", "not run"]);
    if !named.is_empty() {
        ended.reported(named);
    }
}

/// Declares a test for each line: the programs, the scenario, the line at which it is stuck, and what the report names.
macro_rules! blocked {
    ($($name:ident: $check:ident $([$($bin:literal)+] $scenario:literal at $stuck:literal $named:expr),+;)+) => {$(
        #[test]
        fn $name() {
            $($($check(program!($bin, concat!("stuck/", $scenario)), $stuck, &$named);)+)+
        }
    )+};
}

const TASK: [&str; 2] = ["task spawned at", "stuck.rs"];
const MAIN: [&str; 1] = ["    `main`"];

blocked! {
    a_task_that_never_ends: cut_off ["multi" "current"] "task is endless" at "ready" TASK;
    one_worker_blocked_multi_thread: cut_off ["multi"] "one worker" at "blocked" TASK;
    main_blocked_multi_thread: cut_off ["multi"] "main" at "blocked" MAIN;
    spawn_blocking: cut_off ["multi" "current"] "spawn_blocking" at "blocked" ["blocking task spawned at", "stuck.rs"];
    a_blocking_drop_of_a_task_multi_thread: cut_off ["multi"] "drop of a task" at "blocked" TASK;
    a_blocking_drop_of_main_multi_thread: cut_off ["multi"] "drop of main" at "blocked" MAIN;
    a_blocking_drop_of_a_value_multi_thread:
        cut_off ["multi"] "drop of a value" at "ready" ["A slow value", "timed out", "stuck.rs"];
    a_blocking_teardown_multi_thread:
        cut_off ["multi"] "teardown" at "ready" ["A hook that blocks", "timed out", "stuck.rs"];
    // The task is not tracked. So it delays only the exit from the runtime.
    a_blocking_drop_of_a_task_of_tokio:
        cut_off ["multi"] "drop of tokio's task" at "blocked" ["a worker of the runtime did not end"],
        ["current"] "drop of tokio's task" at "blocked" ["the main thread did not leave the runtime"];
    // R13: a start-up that never reaches an await cannot be dropped. The deadline still applies.
    start_up_blocked_multi_thread: cut_off ["multi"] "start-up" at "blocked" MAIN;
    start_up_blocked_current_thread: struck ["current"] "start-up" at "blocked" [];
    all_workers_blocked_multi_thread: struck ["multi"] "all workers" at "blocked" [];
    the_worker_blocked_current_thread:
        struck ["current"] "one worker" at "blocked" [], ["current"] "all workers" at "blocked" [];
    main_blocked_current_thread: struck ["current"] "main" at "blocked" [];
    a_blocking_drop_of_a_task_current_thread: struck ["current"] "drop of a task" at "blocked" [];
    a_blocking_drop_of_main_current_thread: struck ["current"] "drop of main" at "blocked" [];
    // The teardown of the value and the hook come first. The later teardowns have no thread.
    a_blocking_drop_of_a_value_current_thread:
        struck ["current"] "drop of a value" at "ready" ["A slow value", "timed out"];
    a_blocking_teardown_current_thread: struck ["current"] "teardown" at "ready" ["A hook that blocks", "timed out"];
}

/// Each kind of runtime, also of a builder of the program.
fn each_runtime(scenario: &str) -> [Program; 4] {
    let plain = |runtime| program!("plain", scenario).env("OPTIONS", format!("runtime={runtime}"));
    let [multi, current] = both_flavours!(scenario);
    [multi, current, plain("multi"), plain("current")]
}

/// R20: a blocking call that nobody tracks is left, with a note, and is not a fault.
#[test]
fn a_blocking_call_that_nobody_tracks_is_left() {
    for scenario in ["stdin", "stdin of a tracked task", "tokio's spawn_blocking", "many blocking calls"] {
        for program in each_runtime(&format!("stuck/{scenario}")) {
            let ended = program.piped_stdin().grace("20s").ready_at_line("blocked").start().stop();
            ended.exited(0).said(TORN_DOWN).reported(&["  note: a blocking call that nobody tracks"]);
            ended.not_reported("fault").within(Duration::ZERO);
        }
    }
}

/// R20: the thread has given its place as a worker away.
#[test]
fn a_block_in_place_that_nobody_tracks_is_left() {
    let ended = stopped(program!("multi", "stuck/block_in_place").grace("20s"), "blocked");
    ended.exited(0).said(TORN_DOWN).reported(&["  note: a blocking call that nobody tracks"]);
}

/// R20: a worker that does not end is a fault, whichever builder made it, and also next to a blocking call.
#[test]
fn a_worker_that_does_not_end_is_a_fault() {
    for scenario in ["tokio's task blocks a worker", "tokio's task spins", "stdin, and a worker"] {
        let [multi, _, plain, _] = each_runtime(&format!("stuck/{scenario}"));
        for program in [multi, plain] {
            let ended = stopped(program.piped_stdin(), "blocked");
            ended.exited(70).said(TORN_DOWN).reported(&["  fault: a worker of the runtime did not end"]);
            ended.not_reported("note:");
        }
    }
}

/// R15: the supervisor wakes an idle worker. So timers and sockets continue.
#[test]
fn a_worker_that_blocks_with_the_driver_stalls_nobody_else() {
    let mut child = program!("multi", "stuck/driver").grace("6s").ready_at_line("ready").start();
    child.signal(SIGTERM);
    child.wait_for("timer fired");
    assert!(child.since_asked() < Duration::from_secs(4), "the timer waited for the end of the drain");
    let ended = child.stopped();
    ended.exited(70).said(&["driver blocked", "timer fired", "orders closed"]).within(Duration::from_secs(6));
}

/// R9, R20: the exit is watched until the process is gone. The status is the one of the report.
#[test]
fn an_exit_handler_that_hangs() {
    for scenario in ["exit", "destructor at exit"] {
        for program in both_flavours!(&format!("stuck/{scenario}")) {
            let ended = program.grace("50s").stopped_by(SIGTERM);
            ended.exited(0).said(TORN_DOWN).within(Duration::from_secs(1));
            ended.reported(&["an exit handler (`atexit`) or a destructor did not end", "exit status 0"]);
        }
    }
}

/// Stops a program, lets it stand still until its deadline is over, and returns its end.
#[track_caller]
fn frozen_beyond_the_deadline(program: Program) -> Ended {
    let mut child = program.grace("1s").ready_at_line("ready").start();
    child.signal(SIGTERM);
    child.wait_for("hook hangs");
    child.freeze();
    std::thread::sleep(GRACE);
    child.thaw();
    child.stopped()
}

/// R9: the watchdog writes its line before it ends the process. Whoever wakes first leaves the exit to the watchdog.
#[test]
fn a_process_that_was_frozen_beyond_its_deadline_says_so() {
    for program in both_flavours!("endings/hook hangs") {
        let ended = frozen_beyond_the_deadline(program);
        ended.exited(124).reported_only("lifecycle: the deadline has passed before the process was gone");
    }
}

/// R9: a full pipe does not keep the watchdog from its work.
#[test]
fn the_watchdog_does_not_wait_for_a_full_pipe() {
    let (unread, stderr) = std::io::pipe().expect("a pipe");
    let program = program!("multi", "streams/stderr is full, hook hangs").stderr(stderr);
    frozen_beyond_the_deadline(program).exited(124).within(GRACE);
    drop(unread);
}
