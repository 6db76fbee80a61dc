//! A `sea-orm` 1.1 connection closes as the pool of `sqlx` in it.

use lifecycle_clients_tests::{pool_tests, pools};
use lifecycle_process_tests::{Program, program};

fn service(scenario: &str) -> Program {
    program!("sea-orm1", scenario)
}

pool_tests!(service, "sea-orm1");

/// The close by `sea-orm` itself would not do that, so this shows that the pool is found.
#[test]
fn a_statement_under_way_is_cancelled_at_the_server() {
    pools::a_statement_under_way_is_cancelled("sea-orm1", service);
}
