//! The teardown of an `r2d2` pool waits for its connections in use. In a slot it also drops the pool.

use std::time::Duration;

use lifecycle_clients_tests::{pool_tests, pools};
use lifecycle_process_tests::{Program, program};
use lifecycle_services_tests::Postgres;

fn service(scenario: &str) -> Program {
    program!("r2d2", scenario)
}

pool_tests!(service, "r2d2");

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
