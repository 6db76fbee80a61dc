//! The successor binds the same port with `SO_REUSEPORT` before the stop of the old instance. Each instance
//! has a queue, and the old instance empties its queue during the stop.

use lifecycle_restart_tests::{Connections, Place, only, service, stop};

fn overlapping_instances_lose_nothing(clients: Connections, count: usize) {
    let address = Place::own().port();
    let mut instance = service!().start_beside(address);
    let load = clients.to(address).clients(count).start();
    for _ in 0..20 {
        load.wait_for_answers(200);
        // Open connections stay with the old instance, so the successor may get its first request only at the
        // stop.
        let next = service!().start_beside(address);
        stop(instance);
        instance = next;
        load.wait_for_answer_of(instance.pid());
    }
    let tally = load.finish();
    only(&tally, &[], &format!("overlapping, {clients:?} connections"));
}

#[test]
fn overlapping_instances_lose_no_request_on_kept_connections() {
    overlapping_instances_lose_nothing(Connections::Kept, 24);
}

#[test]
fn overlapping_instances_lose_no_request_on_new_connections() {
    // With many clients, some connect in the microseconds in which the listener closes.
    overlapping_instances_lose_nothing(Connections::New, 200);
}
