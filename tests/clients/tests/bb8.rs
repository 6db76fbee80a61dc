//! The teardown of a `bb8` pool waits for its connections in use.

use lifecycle_clients_tests::pool_tests;
use lifecycle_process_tests::{Program, program};

fn service(scenario: &str) -> Program {
    program!("bb8", scenario)
}

pool_tests!(service, "bb8");
