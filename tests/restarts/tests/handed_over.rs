//! One instance at a time, with a listener that belongs to this process. Between two instances, new
//! connections wait in the listener's queue.

use lifecycle_restart_tests::{Connections, Place, only, service, stop};

/// The start of the successor relative to the stop of the old instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Successor {
    Before,
    After,
}

fn restarts_lose_nothing(clients: Connections, successor: Successor) {
    let listener = Place::own().listener();
    let mut instance = service!().start_with(&listener);
    let load = clients.to(listener.local_addr().unwrap()).start();
    for _ in 0..20 {
        load.wait_for_answers(200);
        // A successor that is already running may get its first connection only after the stop.
        let next = (successor == Successor::Before).then(|| service!().start_with(&listener));
        stop(instance);
        instance = next.unwrap_or_else(|| service!().start_with(&listener));
        load.wait_for_answer_of(instance.pid());
    }
    let tally = load.finish();
    only(&tally, &[], &format!("handed over, {clients:?} connections, successor {successor:?}"));
}

#[test]
fn a_successor_that_is_there_before_loses_no_request_on_kept_connections() {
    restarts_lose_nothing(Connections::Kept, Successor::Before);
}

#[test]
fn a_successor_that_is_there_before_loses_no_request_on_new_connections() {
    restarts_lose_nothing(Connections::New, Successor::Before);
}

#[test]
fn a_successor_that_comes_after_loses_no_request_on_kept_connections() {
    restarts_lose_nothing(Connections::Kept, Successor::After);
}

#[test]
fn a_successor_that_comes_after_loses_no_request_on_new_connections() {
    restarts_lose_nothing(Connections::New, Successor::After);
}
