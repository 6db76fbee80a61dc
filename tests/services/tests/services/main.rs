//! Services and the servers that they use. The tests count lost work, repeated work and leftovers at the server.

mod along_the_plan;
mod archives;
mod bad_input;
mod collector;
mod conformance;
mod consumers;
mod databases;
mod files;
mod frozen;
mod last_words;
mod leases;
mod observed;
mod pipelines;
mod poison;
mod statements;
mod telemetry;

use lifecycle_process_tests::{Child, Program, program};

/// Configures the service of this package with this scenario.
fn service(scenario: &str) -> Program {
    program!("service", scenario)
}

/// Starts the service, and waits until it is ready.
#[track_caller]
fn ready(program: Program) -> Child {
    program.ready_at_line("ready").start()
}
