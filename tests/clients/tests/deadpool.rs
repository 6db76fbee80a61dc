//! A pool of `deadpool` waits for its connections in use, whichever library makes the connections.

use lifecycle_clients_tests::{pool_tests, pools};
use lifecycle_process_tests::{Program, program};

fn postgres(scenario: &str) -> Program {
    program!("deadpool", scenario).env("POOL", "postgres")
}

fn diesel(scenario: &str) -> Program {
    program!("deadpool", scenario).env("POOL", "diesel")
}

pool_tests!(postgres, "deadpool");

#[test]
fn a_transaction_in_use_of_diesel_is_committed_before_the_exit() {
    pools::a_transaction_in_use_is_committed("deadpool-diesel", diesel);
}

#[test]
fn a_connection_of_diesel_that_is_never_given_back_is_named() {
    pools::a_connection_that_is_kept_is_named("deadpool-diesel", diesel);
}
