//! The task of a `tokio-postgres` connection ends after its client, and after it has sent everything.

use std::time::Duration;

use lifecycle_clients_tests::pools::{self, FAULTS, Fault, configured, stopped, stopped_with};
use lifecycle_process_tests::{Program, program};
use lifecycle_services_tests::Postgres;

fn service(scenario: &str) -> Program {
    program!("tokio-postgres", scenario)
}

#[test]
fn a_transaction_in_use_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("tokio-postgres", service);
}

/// At the level `debug1` the server also logs a client that leaves an idle session without the last message.
#[test]
fn the_server_receives_the_last_message() {
    let postgres = Postgres::shared();
    for (name, release, abrupt) in [("tokio-postgres-exit", false, 1), ("tokio-postgres-ends", true, 0)] {
        stopped(configured(service("idle"), &postgres.url(name), name, release)).exited(0);
        postgres.is_left(name);
        assert_eq!(postgres.broken(name).len(), abrupt, "{:?}", postgres.broken(name));
    }
}

#[test]
fn a_client_that_is_kept_elsewhere_makes_the_teardown_time_out() {
    let (postgres, name) = (Postgres::shared(), "tokio-postgres-kept");
    let ended = stopped(configured(service("keep"), &postgres.url(name), name, true));
    ended.exited(70).within(Duration::from_secs(4)).reported(&["Database", "timed out"]);
    postgres.is_left(name);
}

#[test]
fn an_idle_client_loses_nothing_with_its_server() {
    pools::an_idle_pool_loses_nothing(service);
}

#[test]
fn a_statement_under_way_is_named_if_its_server_is_frozen() {
    for fault in FAULTS {
        let postgres = Postgres::start();
        let program = configured(service("sleep"), &postgres.url("asleep"), "asleep", true);
        let ended = stopped_with(fault, &postgres, program, "asleep");
        if fault == Fault::Frozen {
            ended.exited(70).reported(&["Database", "timed out"]);
        } else {
            ended.exited(0).reported(&["Database", "ok"]);
            assert!(ended.stdout.iter().any(|line| line.starts_with("slept: Err")), "its error: {ended:?}");
        }
    }
}
