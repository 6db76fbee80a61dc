//! Services and the servers that they hold: what is lost, handled twice or left behind when they stop is counted at
//! the server.

mod bad_input;
mod consumers;
mod databases;
mod files;
mod frozen;
mod last_words;
mod pipelines;
mod poison;
mod statements;

use lifecycle_process_tests::{Child, Ended, Program, program};

/// The service of this package, in this scenario.
fn service(scenario: &str) -> Program {
    program!("service", scenario)
}

/// Starts it, and waits until it is ready.
#[track_caller]
fn ready(program: Program) -> Child {
    let mut child = program.start();
    child.wait_for("ready");
    child
}

/// Status 0.
#[track_caller]
fn well(ended: &Ended) -> &Ended {
    ended.exited(0)
}
