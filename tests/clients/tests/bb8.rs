//! The teardown of a `bb8` pool waits for its connections in use.

use lifecycle_clients_tests::pools;
use lifecycle_process_tests::{Program, program};

fn service(scenario: &str) -> Program {
    program!("bb8", scenario)
}

#[test]
fn a_transaction_in_use_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("bb8", service);
}

#[test]
fn a_connection_that_is_never_given_back_is_named() {
    pools::a_connection_that_is_kept_is_named("bb8", service);
}

#[test]
fn an_idle_pool_loses_nothing_with_its_server() {
    pools::an_idle_pool_loses_nothing(service);
}

#[test]
fn a_statement_under_way_is_named_if_its_server_is_frozen() {
    pools::a_statement_under_way_is_named(service);
}
