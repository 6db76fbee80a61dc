//! The teardown of an `r2d2` pool waits for its connections in use. In a slot it also drops the pool.

use std::time::Duration;

use lifecycle_clients_tests::pools;
use lifecycle_process_tests::{Program, program};
use lifecycle_services_tests::Postgres;

fn service(scenario: &str) -> Program {
    program!("r2d2", scenario)
}

#[test]
fn a_transaction_in_use_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("r2d2", service);
}

#[test]
fn a_connection_that_is_never_given_back_is_named() {
    pools::a_connection_that_is_kept_is_named("r2d2", service);
}

#[test]
fn an_idle_pool_loses_nothing_with_its_server() {
    pools::an_idle_pool_loses_nothing(service);
}

#[test]
fn a_statement_under_way_is_named_if_its_server_is_frozen() {
    pools::a_statement_under_way_is_named(service);
}

/// At the level `debug1` the server also logs a client that leaves an idle session without the last message.
#[test]
fn the_last_handle_in_a_slot_says_goodbye_for_its_idle_connections() {
    let postgres = Postgres::shared();
    for (name, release, abrupt) in [("r2d2-exit", "1", 4), ("r2d2-slot", "in a slot", 0)] {
        let program = pools::configured(service("idle"), &postgres.url(name), name, true);
        let ended = pools::stopped(program.env("RELEASE", release));
        ended.exited(0).within(Duration::from_secs(3));
        postgres.is_left(name);
        assert_eq!(postgres.broken(name).len(), abrupt, "{release}: {:?}", postgres.broken(name));
    }
}
