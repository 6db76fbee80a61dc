//! The successor binds the same port with `SO_REUSEPORT` before the stop of the old instance. Each instance
//! has a queue, and the old instance empties its queue during the stop.

use lifecycle_restart_tests::{Clients, Load, Place, service, stop};

fn overlapping_instances_lose_nothing(clients: Clients) {
    let address = Place::own().port();
    let mut instance = service!().start_beside(address);
    let load = Load::start(address, clients);
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
    let kind = if clients.keep_alive { "kept" } else { "new" };
    tally.all_answered(&format!("overlapping, {kind} connections"));
}

#[test]
fn overlapping_instances_lose_no_request_on_kept_connections() {
    overlapping_instances_lose_nothing(Clients::keep_alive());
}

#[test]
fn overlapping_instances_lose_no_request_on_new_connections() {
    // With many clients, some connect in the microseconds in which the listener closes.
    overlapping_instances_lose_nothing(Clients { count: 200, ..Clients::new_connections() });
}
