//! One instance follows another, many times under load.
//!
//! A listener that belongs to this process is handed over. Between two instances, new connections wait in its queue. Or the
//! successor binds the same port with `SO_REUSEPORT` before the stop. Each instance then has a queue, and the old instance
//! empties its queue during the stop.

use lifecycle_restart_tests::{Connections, Place, only, service, stop};

/// The start of the successor relative to the stop of the old instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Successor {
    Before,
    After,
    /// Before the stop, and with a listener of its own.
    Beside,
}

fn restarts_lose_nothing(clients: Connections, successor: Successor, count: usize) {
    let (listener, own) = (Place::own().listener(), Place::own().port());
    let (address, start): (_, Box<dyn Fn() -> _>) = match successor {
        Successor::Beside => (own, Box::new(|| service!().start_beside(own))),
        _ => (listener.local_addr().expect("it is bound"), Box::new(|| service!().start_with(&listener))),
    };
    let mut instance = start();
    let load = clients.to(address).clients(count).start();
    for _ in 0..20 {
        load.wait_for_answers(200);
        // Open connections stay with the old instance, so the successor may get its first request only at the stop.
        let next = (successor != Successor::After).then(&start);
        stop(instance);
        instance = next.unwrap_or_else(&start);
        load.wait_for_answer_of(instance.pid());
    }
    only(&load.finish(), &[], &format!("{clients:?} connections, successor {successor:?}"));
}

macro_rules! restarts {
    ($($name:ident: $clients:ident, $successor:ident, $count:literal;)+) => {$(
        #[test]
        fn $name() {
            restarts_lose_nothing(Connections::$clients, Successor::$successor, $count);
        }
    )+};
}

restarts! {
    a_successor_that_is_there_before_loses_no_request_on_kept_connections: Kept, Before, 24;
    a_successor_that_is_there_before_loses_no_request_on_new_connections: New, Before, 24;
    a_successor_that_comes_after_loses_no_request_on_kept_connections: Kept, After, 24;
    a_successor_that_comes_after_loses_no_request_on_new_connections: New, After, 24;
    overlapping_instances_lose_no_request_on_kept_connections: Kept, Beside, 24;
    // With many clients, some connect in the microseconds in which the listener closes.
    overlapping_instances_lose_no_request_on_new_connections: New, Beside, 200;
}
