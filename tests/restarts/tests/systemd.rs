//! `systemctl restart` of a service whose socket is systemd's. In the long run only: it needs root, and a manager of its
//! own takes a machine that lets it have one.

use lifecycle_process_tests::soak;
use lifecycle_restart_tests::{Clients, Load, Manager, Place, service};

fn restarts_lose_nothing(clients: Clients) {
    let address = Place::own().port();
    let mut manager = Manager::start(service!().path(), address);
    let load = Load::start(address, clients);
    for _ in 0..20 {
        load.wait_for_answers(200);
        manager.restart();
    }
    load.wait_for_answers(200);
    let tally = load.finish();
    manager.stop();
    let kind = if clients.keep_alive { "kept" } else { "new" };
    tally.all_answered(&format!("behind systemd, {kind} connections"));
    assert_eq!(tally.processes(), 21, "each restart is a new process");
}

/// One after the other, as each has a manager.
#[test]
fn restarts_by_systemd_lose_no_request() {
    if soak() {
        restarts_lose_nothing(Clients::keep_alive());
        restarts_lose_nothing(Clients::new_connections());
    }
}
