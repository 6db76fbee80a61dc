//! A `sea-orm` 1.1 connection closes as the pool of `sqlx` in it.

use lifecycle_clients_tests::pools;
use lifecycle_process_tests::{Program, program};
use lifecycle_services_tests::{Postgres, wait_until};

fn service(scenario: &str) -> Program {
    program!("sea-orm1", scenario)
}

#[test]
fn a_transaction_in_use_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("sea-orm1", service);
}

#[test]
fn a_connection_that_is_never_given_back_is_named() {
    pools::a_connection_that_is_kept_is_named("sea-orm1", service);
}

#[test]
fn an_idle_pool_loses_nothing_with_its_server() {
    pools::an_idle_pool_loses_nothing(service);
}

#[test]
fn a_statement_under_way_is_named_if_its_server_is_frozen() {
    pools::a_statement_under_way_is_named(service);
}

/// The close by `sea-orm` itself would not do that, so this shows that the pool is found.
#[test]
fn a_statement_under_way_is_cancelled_at_the_server() {
    let (postgres, name) = (Postgres::shared(), "sea-orm1-asleep");
    let sleeping = || postgres.connections(name, "state = 'active' AND query LIKE '%pg_sleep%'");
    let mut child = pools::ready(pools::configured(service("sleep"), &postgres.url(name), name, true));
    wait_until("the statement is under way", || sleeping() == 1);
    child.signal(libc::SIGTERM);
    let ended = child.ended();
    ended.exited(0).reported(&["Database", "ok"]);
    assert_eq!(sleeping(), 0, "it still sleeps: {ended:?}");
    assert!(ended.stdout.iter().any(|line| line.contains("canceling statement due to user request")));
}
