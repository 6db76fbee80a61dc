//! One instance, nobody in front and nobody behind: a client whose connection was let in is answered, and any other one
//! is refused, as if nobody had been there.

use std::collections::VecDeque;
use std::net::SocketAddr;

use lifecycle_process_tests::Child;
use lifecycle_restart_tests::{Clients, Load, Outcome, Place, Service, Tally, rounds, service, stop};

/// Many, so that somebody knocks in the microseconds in which the doors close.
fn clients() -> Clients {
    Clients { count: 200, ..Clients::new_connections() }.leaving_when_refused()
}

fn stops(start: impl Fn(Service, SocketAddr) -> Child) -> Tally {
    // A client that is not let in asks again a second later: the next round need not wait for it.
    let (mut all, mut loads) = (Tally::default(), VecDeque::new());
    for _ in 0..rounds(20, 100) {
        let address = Place::own().port();
        let instance = start(service!(), address);
        let load = Load::start(address, clients());
        load.wait_for_answers(400);
        stop(instance);
        loads.push_back(load);
        // Each of its clients holds a descriptor meanwhile, and there may be but 1,024.
        if loads.len() == 2 {
            all.add(loads.pop_front().map(Load::finish_when_refused).unwrap_or_default());
        }
    }
    for load in loads {
        all.add(load.finish_when_refused());
    }
    all
}

#[test]
fn whoever_is_not_refused_is_answered() {
    stops(Service::start).only(&[Outcome::Refused], "alone, new connections");
}

/// Somebody else might hold it, so the kernel's door is opened again before it closes: behind a decoy.
#[test]
fn whoever_is_not_refused_by_a_plain_listener_is_answered() {
    stops(Service::start_plainly).only(&[Outcome::Refused], "alone, new connections, a plain listener");
}
