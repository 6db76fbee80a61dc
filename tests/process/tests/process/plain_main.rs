//! A plain `main` with `Process` has all that the attribute gives.

use std::time::Duration;

use libc::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use lifecycle_process_tests::{APART, Fixture, Program, program};

const IN_ORDER: &[&str] = &["managed", "ready", "stopping", "orders closed", "store closed", "after run"];
/// Each kind of runtime: of the options, and of a builder of the program.
const RUNTIMES: [&str; 4] = ["worker_threads=2", "flavor=current_thread", "runtime=multi", "runtime=current"];

fn plain(scenario: &str, options: &str) -> Program {
    program!("plain", scenario).env("OPTIONS", options)
}

/// R1, R14, R20.
#[test]
fn each_signal_stops_it_in_order_on_each_runtime() {
    for runtime in RUNTIMES {
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            let (program, _terminal) = plain("endings/idle", runtime).with_terminal();
            program.stopped_by(signal).exited(0).said(IN_ORDER);
        }
    }
}

/// R13: a signal during the start-up.
#[test]
fn a_signal_before_ready_drops_main() {
    for runtime in RUNTIMES {
        plain("startup/endless", runtime)
            .ready_at_line("waiting for the broker")
            .start()
            .stop()
            .exited(0)
            .said(&["managed", "main dropped", "orders closed", "store closed"]);
    }
}

/// R14.
#[test]
fn the_second_signal_hurries_and_the_third_kills() {
    for runtime in RUNTIMES {
        let mut child = plain("endings/hook hangs", runtime).grace("50s").ready_at_line("ready").start();
        child.signal(SIGTERM);
        child.wait_for("hook hangs");
        std::thread::sleep(APART);
        child.signal(SIGTERM);
        std::thread::sleep(APART);
        child.stop().killed_by(SIGTERM).within(3 * APART);
    }
    let ended = plain("endings/idle", "signals=SIGUSR1,SIGUSR1").stopped_by(SIGUSR1);
    ended.exited(0).reported(&["SIGUSR1 from process"]);
}

/// R9: the hard deadline, whichever thread is blocked.
#[test]
fn the_deadline_holds() {
    for (runtime, scenario, status) in [
        ("worker_threads=2", "stuck/all workers", 124),
        ("runtime=multi", "stuck/all workers", 124),
        ("runtime=current", "stuck/main", 124),
        ("runtime=multi", "stuck/main", 70),
    ] {
        let program = plain(scenario, &format!("{runtime} grace_ms=1000")).grace("").ready_at_line("blocked");
        program.start().stop().exited(status).within(Duration::from_secs(1));
    }
}

/// R20.
#[test]
fn how_main_ends_decides_the_status() {
    for runtime in RUNTIMES {
        plain("endings/return", runtime).run().exited(0).said(&["managed", "store closed", "after run"]);
        plain("endings/error", runtime).run().exited(1).reported(&["no broker at localhost"]);
        plain("endings/panic", runtime).run().exited(101).reported(&["main panicked: main gave up"]);
    }
}

/// The environment wins over the options, as with the attribute.
#[test]
fn the_environment_wins() {
    let run = |grace: &str| plain("endings/return", "grace_ms=7000").grace(grace).run();
    run("").exited(0).reported(&["stopped in", "of 7s"]);
    run("9").exited(0).reported(&["stopped in", "of 9s"]);
    let planned = plain("endings/return", "").env("LIFECYCLE_PLAN", "tree").run();
    planned.exited(0).never_said("managed").said(&["after run"]);
}

#[test]
fn the_report_has_each_format() {
    plain("endings/return", "report=json").run().exited(0).reported_only("{");
    let off = plain("endings/return", "report=off").run();
    assert!(off.exited(0).stderr.is_empty(), "{off:#?}");
    plain("endings/error", "report=off").run().exited(1).reported_only("Error: \"no broker at localhost\"");
}

/// R20: status 78, and one line that names the option and what is expected. `main` never runs.
#[test]
fn options_that_do_not_fit_are_refused() {
    for (options, line) in [
        ("grace_ms=0", "grace is 0s: expected at least 10ms"),
        ("grace_ms=9", "grace is 9ms: expected at least 10ms"),
        ("grace_ms=99999999999", "grace is 3years"),
        ("grace_ms=5000 lame_duck_ms=5000", "lame_duck is 5s: expected less than the grace of 5s"),
        ("lame_duck_ms=25000", "lame_duck is 25s: expected less than the grace of 25s"),
        ("job lame_duck_ms=1000", "lame_duck is 1s: a job has no lame duck"),
        ("signals=SIGFOO", "`SIGFOO` is not a signal that can ask for a stop; the known ones are SIGTERM, "),
        ("signals=SIGTERM,SIGKILL", "`SIGKILL` is not a signal that can ask for a stop"),
        ("signals=", "`signals` names no signal"),
        ("worker_threads=0", "worker_threads is 0: expected a number from 1 to 65535"),
        ("worker_threads=65536", "worker_threads is 65536: expected a number from 1 to 65535"),
        ("max_blocking_threads=0", "max_blocking_threads is 0: expected a number of at least 1"),
        ("thread_name=nul", "thread_name is \"a\\0b\": expected a name without a NUL character"),
        ("flavor=current_thread worker_threads=2", "a current-thread runtime has no worker threads"),
        ("runtime=multi worker_threads=2", "`runtime` and `worker_threads` are both given"),
        ("runtime=multi flavor=current_thread", "`runtime` and `flavor` are both given"),
        ("runtime=multi max_blocking_threads=2", "`runtime` and `max_blocking_threads` are both given"),
        ("runtime=current thread_name=shop", "`runtime` and `thread_name` are both given"),
        ("in-a-runtime", "`Process::run` is called inside of a tokio runtime"),
    ] {
        let ended = plain("endings/return", options).grace("").run();
        ended.exited(78).reported_only(&format!("lifecycle: {line}")).never_said("managed");
    }
    let again = plain("endings/return", "again").run();
    again.exited(78).said(&["store closed"]).reported(&["`Process::run` is called a second time"]);
}

/// The hooks of the program's own builder stay, and each thread that has started also stops.
#[test]
fn the_hooks_of_a_builder_stay() {
    let ended = plain("endings/idle", "runtime=multi").stopped_by(SIGTERM);
    let count = |line: &str| ended.exited(0).stderr.iter().filter(|said| *said == line).count();
    assert!(count("hook: start") >= 2, "{ended:#?}");
    assert_eq!(count("hook: start"), count("hook: stop"), "{ended:#?}");
}

/// Code after `run` has time until the deadline, and not only the second of the exit handlers.
#[test]
fn code_after_run_is_not_cut_off() {
    let ended = plain("endings/return", "slow-after").run();
    ended.exited(0).said(&["store closed", "after run"]).not_reported("did not end");
}

/// R9, R20: the exit handlers of the C library have one second, after the code that follows `run`.
#[test]
fn an_exit_handler_that_hangs_is_left() {
    let ended = plain("stuck/exit", "slow-after").grace("50s").stopped_by(SIGTERM);
    ended.exited(0).said(&["after run"]).within(Duration::from_millis(2_500));
    ended.reported(&["an exit handler", "with exit status 0"]);
}

/// Every thread of the process is inside the lifecycle, also the threads of other runtimes.
#[test]
fn a_library_with_runtimes_of_its_own_is_inside() {
    let mut child = program!("runtimes", "").ready_at_line("serving").start();
    child.wait_for("serving");
    let ended = child.stop();
    ended.exited(0).said(&["library returned"]);
    for shard in 0..2 {
        ended.said(&[&format!("task of shard {shard} ended"), &format!("shard {shard} closed")]);
    }
}
