//! One instance without a load balancer and without a successor. The service answers each accepted client,
//! and the kernel refuses all others.

use std::collections::VecDeque;
use std::net::SocketAddr;

use lifecycle::testing::{Clients, Load, Outcome, Place, Tally};
use lifecycle_process_tests::Child;
use lifecycle_restart_tests::{Connections, Service, only, rounds, service, stop};

/// With many clients, some connect in the microseconds in which the listener closes.
fn clients(address: SocketAddr) -> Clients {
    Connections::New.to(address).clients(200).leaving_when_refused()
}

fn stops(start: impl Fn(Service, SocketAddr) -> Child) -> Tally {
    // A client whose handshake is dropped tries again after 1 s. The next round does not wait for it.
    let (mut all, mut loads) = (Tally::default(), VecDeque::new());
    for _ in 0..rounds(20, 100) {
        let address = Place::own().port();
        let instance = start(service!(), address);
        let load = clients(address).start();
        load.wait_for_answers(400);
        stop(instance);
        loads.push_back(load);
        // Each client of a load holds a descriptor, and the process may have a limit of 1,024 descriptors.
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
    only(&stops(Service::start), &[Outcome::Refused], "alone, new connections");
}

/// The service cannot close this listener alone, because other code may hold it too. The close uses a decoy
/// socket.
#[test]
fn whoever_is_not_refused_by_a_plain_listener_is_answered() {
    let tally = stops(Service::start_plainly);
    only(&tally, &[Outcome::Refused], "alone, new connections, a plain listener");
}
