//! Two instances with `HAProxy` in front are restarted in turn, many times.
//!
//! `HAProxy` checks readiness every 400 ms, and the lame duck is three times as long. `HAProxy` therefore
//! stops sending to an instance before its listener closes. Without a lame duck the instance refuses connections until
//! `HAProxy` has seen that, and `HAProxy` turns to the other instance.
//!
//! The clients keep a rate. Without one they take both processors, and a check that gets none within its interval has failed.

use std::net::SocketAddr;
use std::time::Duration;

use lifecycle_process_tests::{Ended, Program};
use lifecycle_restart_tests::{
    Balancer, Connections, Place, Retries, Reuse, installed, only, rounds, service, stop,
};

const LAME_DUCK: Duration = Duration::from_millis(1_200);
/// The requests of all clients in a second.
const RATE: u32 = 1_000;

fn rolling_restarts_lose_nothing(clients: Connections, reuse: Reuse, lame_duck: Duration) {
    let retries = if lame_duck.is_zero() { Retries::WhenRefused } else { Retries::Never };
    let place = Place::own();
    let service = service!().lame_duck(lame_duck);
    let addresses: [SocketAddr; 2] = [place.port(), place.port()];
    let mut instances = addresses.map(|address| Some(service.start(address)));
    let front = place.port();
    let balancer = Balancer::start(front, &addresses, reuse, retries);
    let load = clients.to(front).per_second(RATE).start();
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
    if tally.lost() > 0 {
        println!("{said}");
    }
    only(&tally, &[], &format!("behind HAProxy, {clients:?} connections, {reuse:?}"));
}

macro_rules! restarts {
    ($($name:ident: $clients:ident, $reuse:ident, $lame_duck:expr;)+) => {$(
        #[test]
        fn $name() {
            rolling_restarts_lose_nothing(Connections::$clients, Reuse::$reuse, $lame_duck);
        }
    )+};
}

restarts! {
    rolling_restarts_lose_no_request_on_kept_connections: Kept, Safe, LAME_DUCK;
    rolling_restarts_lose_no_request_on_new_connections: New, Safe, LAME_DUCK;
    rolling_restarts_lose_no_request_on_connections_that_the_balancer_shares: New, Always, LAME_DUCK;
    rolling_restarts_without_a_lame_duck_lose_no_request_on_kept_connections: Kept, Safe, Duration::ZERO;
    rolling_restarts_without_a_lame_duck_lose_no_request_on_new_connections: New, Safe, Duration::ZERO;
}

/// Returns whether each request of this run of h2load was answered with 200.
#[track_caller]
fn all_succeeded(ended: &Ended) -> bool {
    ended.exited(0);
    let summary = ended.stdout.iter().find(|line| line.starts_with("requests: "));
    summary.is_some_and(|line| line.contains(" 4000 succeeded, 0 failed, 0 errored, 0 timeout"))
}

/// Requires that each request of h2load succeeds, over HTTP/2 to `HAProxy` and on to the instances.
#[track_caller]
fn rolling_restarts_lose_no_request_of_h2load(lame_duck: Duration) {
    let retries = if lame_duck.is_zero() { Retries::WhenRefused } else { Retries::Never };
    let place = Place::own();
    let service = service!().lame_duck(lame_duck);
    let addresses: [SocketAddr; 2] = [place.port(), place.port()];
    let mut instances = addresses.map(|address| Some(service.start(address)));
    let (front, front_http1) = (place.port(), place.port());
    let balancer = Balancer::start_http2(front, front_http1, &addresses, retries);
    // Its responses tell the test when to go on.
    let witness = Connections::Kept.to(front_http1).clients(4).per_second(RATE / 4).start();
    let start = || {
        let h2load = Program::new(installed("h2load", "nghttp2-client")).args(["-c", "8", "-m", "4"]);
        let h2load = h2load.args(["--rps", &(RATE / 8).to_string(), "-n", "4000"]);
        h2load.arg(format!("http://{front}/fixed")).start()
    };
    let mut run = start();
    let mut ends = Vec::new();
    for _ in 0..rounds(2, 20) {
        for (instance, address) in instances.iter_mut().zip(addresses) {
            if run.is_over() {
                ends.push(std::mem::replace(&mut run, start()).stopped());
            }
            witness.wait_for_answers(20);
            let old = instance.take().expect("it was started");
            stop(old);
            let new = instance.insert(service.start(address));
            witness.wait_for_answer_of(new.pid());
        }
    }
    ends.push(run.stopped());
    let tally = witness.finish();
    let said = balancer.stop();
    let failed: Vec<&Ended> = ends.iter().filter(|ended| !all_succeeded(ended)).collect();
    if tally.lost() > 0 || !failed.is_empty() {
        println!("{said}");
    }
    assert!(failed.is_empty(), "{failed:?}");
    only(&tally, &[], "behind HAProxy, HTTP/2");
}

#[test]
fn rolling_restarts_lose_no_request_of_h2load_over_http2() {
    rolling_restarts_lose_no_request_of_h2load(LAME_DUCK);
}

#[test]
fn rolling_restarts_without_a_lame_duck_lose_no_request_of_h2load_over_http2() {
    rolling_restarts_lose_no_request_of_h2load(Duration::ZERO);
}
