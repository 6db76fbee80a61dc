//! One instance, a plain listener, nobody in front and nobody behind: a client whose connection was let in is answered,
//! and any other one is refused, as if nobody had been there.

use lifecycle_restart_tests::{Clients, Load, Outcome, Place, Tally, rounds, service};

#[test]
fn whoever_is_let_in_is_answered_and_whoever_is_not_is_refused() {
    let mut all = Tally::default();
    for _ in 0..rounds(10, 50) {
        let address = Place::own().port();
        let mut instance = service!().start_plainly(address);
        let load = Load::start(address, Clients::new_connections().leaving_when_refused());
        load.wait_for_answers(200);
        instance.signal(libc::SIGTERM);
        instance.ended().exited(0);
        all.add(load.finish_when_refused());
    }
    all.only(&[Outcome::Refused], "alone, new connections");
}
