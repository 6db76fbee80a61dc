//! Two instances with `HAProxy` in front are restarted in turn, many times.
//!
//! `HAProxy` checks readiness every 200 ms, and the lame duck is three times as long. `HAProxy` therefore
//! stops sending to an instance before its listener closes.

use std::net::SocketAddr;
use std::time::Duration;

use lifecycle_restart_tests::{Balancer, Clients, Load, Place, Reuse, rounds, service, stop};

const LAME_DUCK: Duration = Duration::from_millis(600);

fn rolling_restarts_lose_nothing(name: &str, clients: Clients, reuse: Reuse) {
    let place = Place::own();
    let service = service!().lame_duck(LAME_DUCK);
    let addresses: [SocketAddr; 2] = [place.port(), place.port()];
    let mut instances = addresses.map(|address| Some(service.start(address)));
    let front = place.port();
    let balancer = Balancer::start(front, &addresses, reuse);
    let load = Load::start(front, clients);
    for instance in instances.iter().flatten() {
        load.wait_for_answer_of(instance.pid());
    }
    for _ in 0..rounds(5, 20) {
        for (instance, address) in instances.iter_mut().zip(addresses) {
            let old = instance.take().expect("it was started");
            stop(old);
            let new = instance.insert(service.start(address));
            load.wait_for_answer_of(new.pid());
        }
    }
    let tally = load.finish();
    let said = balancer.stop();
    if !tally.is_all_answered() {
        println!("{said}");
    }
    tally.all_answered(&format!("behind HAProxy, {name}"));
}

#[test]
fn rolling_restarts_lose_no_request_on_kept_connections() {
    rolling_restarts_lose_nothing("kept connections", Clients::keep_alive(), Reuse::Safe);
}

#[test]
fn rolling_restarts_lose_no_request_on_new_connections() {
    rolling_restarts_lose_nothing("new connections", Clients::new_connections(), Reuse::Safe);
}

#[test]
fn rolling_restarts_lose_no_request_on_connections_that_the_balancer_shares() {
    rolling_restarts_lose_nothing("shared connections", Clients::new_connections(), Reuse::Always);
}
