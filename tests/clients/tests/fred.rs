//! Commands of `fred`, counted at Redis.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Child, Program, program};
use lifecycle_services_tests::Redis;

const COMMANDS: usize = 5_000;
const GRACE: Duration = Duration::from_secs(6);

/// Configures the service with this scenario.
fn service(scenario: &str, redis: &Redis) -> Program {
    program!("fred", scenario).grace("6s").env("URL", redis.url()).env("COUNT", COMMANDS.to_string())
}

#[track_caller]
fn ready(program: Program) -> Child {
    let mut child = program.start();
    child.wait_for("ready");
    child
}

/// Stops the service, and returns how many commands the server has executed. The server does not read while the service
/// sends, so the last commands are still in the client when its teardown begins.
#[track_caller]
fn executed(scenario: &str, outcome: &str) -> usize {
    let redis = Redis::start();
    let mut child = ready(service(scenario, &redis));
    redis.freeze();
    child.signal(SIGTERM);
    child.wait_for("ledger closed");
    redis.thaw();
    let ended = child.stopped();
    ended.exited(0).within(GRACE);
    if !outcome.is_empty() {
        ended.reported(&["Cache", outcome]);
    }
    redis.run(&["LLEN", "orders"])
}

#[test]
fn commands_are_lost_without_a_teardown() {
    let count = executed("leaky", "");
    assert!(count < COMMANDS, "{count}");
}

/// The reply to PING comes after all others (R22).
#[test]
fn r22_commands_arrive() {
    for scenario in ["client", "pool"] {
        assert_eq!(executed(scenario, "ok"), COMMANDS, "{scenario}");
    }
}

#[test]
fn a_frozen_or_killed_server_is_a_failure_in_time() {
    for scenario in ["client", "pool"] {
        for killed in [false, true] {
            let redis = Redis::start();
            let mut child = ready(service(scenario, &redis));
            redis.freeze();
            child.signal(SIGTERM);
            child.wait_for("ledger closed");
            if killed {
                redis.kill();
            }
            let ended = child.stopped();
            // If the client notices before its teardown that the server is gone, nothing is left to ask.
            let noticed = killed && ended.stderr.iter().any(|line| line.contains("unconfirmed: "));
            ended.exited(if noticed { 0 } else { 70 }).within(GRACE);
            ended.reported(&["Cache", "the server may not have the last commands"]);
        }
    }
}

/// R22: a `QUIT` without a reply is not a confirmation.
#[test]
fn r22_a_server_that_is_gone_before_the_stop_leaves_the_commands_unconfirmed() {
    for scenario in ["client", "pool"] {
        let redis = Redis::start();
        let mut child = ready(service(scenario, &redis));
        redis.kill();
        child.signal(SIGTERM);
        let ended = child.stopped();
        ended.within(GRACE).reported(&["Cache", "the server may not have the last commands"]);
    }
}
