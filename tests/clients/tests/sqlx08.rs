//! The teardown of a pool of `sqlx` 0.8. `tests/services` has more cases, for the current version.

use libc::SIGTERM;
use lifecycle_clients_tests::pools::{self, configured, ready};
use lifecycle_process_tests::{Program, program};
use lifecycle_services_tests::Postgres;

fn service(scenario: &str) -> Program {
    program!("sqlx08", scenario)
}

#[test]
fn a_transaction_in_use_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("sqlx08", service);
}

#[test]
fn an_idle_pool_loses_nothing_with_its_server() {
    pools::an_idle_pool_loses_nothing(service);
}

#[test]
fn a_statement_under_way_is_named_if_its_server_is_frozen() {
    pools::a_statement_under_way_is_named(service);
}

/// The server is asked for our statements by a text that depends on the version of the library.
#[test]
fn a_statement_under_way_is_cancelled_at_the_server() {
    let postgres = Postgres::shared();
    let mut child = ready(configured(service("sleep"), &postgres.url("sqlx08-sleep"), "sleep", true));
    child.wait_for("asleep");
    child.signal(SIGTERM);
    let ended = child.ended();
    ended.exited(0).reported(&["Database", "ok"]);
    let cancelled = |line: &String| line.contains("canceling statement due to user request");
    assert!(ended.stdout.iter().any(cancelled), "its error: {ended:?}");
    postgres.is_left("sqlx08-sleep");
}
