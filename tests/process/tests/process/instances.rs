//! Every instance is torn down exactly once, even if it is managed or released during the stop.

use libc::SIGTERM;
use lifecycle_process_tests::{Fixture, both_flavours, soak};

/// R8.
#[test]
fn an_instance_managed_while_stopping_is_torn_down() {
    for program in both_flavours!("instances/managed while stopping") {
        let ended = program.stopped_by(SIGTERM);
        ended.exited(0).said(&["stopping", "afterthought closed"]).said(&["orders closed", "store closed"]);
    }
}

/// R8: the stage of this instance is over, so its teardown runs at once. The report marks it as late.
#[test]
fn an_instance_managed_by_a_hook_of_the_flush_is_torn_down_late() {
    for program in both_flavours!("instances/managed by a hook") {
        let ended = program.stopped_by(SIGTERM);
        ended
            .exited(0)
            .said(&["store closed", "telemetry closed", "afterthought closed"])
            .reported(&["afterthought", "ok, late"]);
    }
}

/// R6: two clones call `release` at the same time, while the stop tears down the same instance.
#[test]
fn release_racing_the_stop_tears_down_once() {
    for _ in 0..if soak() { 100 } else { 10 } {
        for program in both_flavours!("instances/released while stopping") {
            program.stopped_by(SIGTERM).exited(0).said(&["each closed once"]);
        }
    }
}
