//! A pool of `deadpool` waits for its connections in use, whichever library makes the connections.

use lifecycle_clients_tests::pools;
use lifecycle_process_tests::{Program, program};

fn postgres(scenario: &str) -> Program {
    program!("deadpool", scenario).env("POOL", "postgres")
}

fn diesel(scenario: &str) -> Program {
    program!("deadpool", scenario).env("POOL", "diesel")
}

#[test]
fn a_transaction_in_use_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("deadpool", postgres);
}

#[test]
fn a_transaction_in_use_of_diesel_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("deadpool-diesel", diesel);
}

#[test]
fn a_connection_that_is_never_given_back_is_named() {
    pools::a_connection_that_is_kept_is_named("deadpool", postgres);
    pools::a_connection_that_is_kept_is_named("deadpool-diesel", diesel);
}

#[test]
fn an_idle_pool_loses_nothing_with_its_server() {
    pools::an_idle_pool_loses_nothing(postgres);
}

#[test]
fn a_statement_under_way_is_named_if_its_server_is_frozen() {
    pools::a_statement_under_way_is_named(postgres);
}
