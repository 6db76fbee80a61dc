//! The teardown of a pool of `sqlx` 0.8. `tests/services` has more cases, for the current version.

use lifecycle_clients_tests::{pool_tests, pools};
use lifecycle_process_tests::{Program, program};

fn service(scenario: &str) -> Program {
    program!("sqlx08", scenario)
}

pool_tests!(service, "sqlx08");

/// The server is asked for our statements by a text that depends on the version of the library.
#[test]
fn a_statement_under_way_is_cancelled_at_the_server() {
    pools::a_statement_under_way_is_cancelled("sqlx08", service);
}
