//! `systemctl restart` of a service that inherits its socket from systemd. The test runs only in the long
//! run. It needs root, and a machine that can run a separate manager.

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

/// The two restarts run in sequence, because each one starts a manager.
#[test]
fn restarts_by_systemd_lose_no_request() {
    if soak() {
        restarts_lose_nothing(Clients::keep_alive());
        restarts_lose_nothing(Clients::new_connections());
    }
}
