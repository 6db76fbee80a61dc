//! How long a load balancer goes on sending requests to an instance that stops (R30).
//!
//! Each test prints the time from the signal to the last request that the instance receives. No test requires anything of
//! that time, because the machine may be loaded. The tests require what the balancer says about its reason.
//!
//! The interval of the health check is 200 ms, or 2 s in the long run. The second is the default of `HAProxy`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lifecycle_process_tests::{Child, soak};
use lifecycle_restart_tests::{
    Balancer, Check, Connections, Envoy, Place, Probes, Service, only, rounds, service, stop,
};

/// Three checks, which is the default of `HAProxy`.
const FALL: u32 = 3;

fn interval() -> Duration {
    Duration::from_millis(if soak() { 2000 } else { 200 })
}

/// A lame duck that is longer than the checks.
fn service(probes: Probes) -> Service {
    service!().lame_duck(interval() * (FALL + 1) + Duration::from_millis(300)).probes(probes)
}

/// Stops one of two instances under load `normal` or `long` times, and prints when its last request was sent.
///
/// `start` starts the balancer at the first address, and `finish` ends it and checks what it says.
#[track_caller]
fn last_request<B>(
    name: &str,
    probes: Probes,
    start: impl Fn(SocketAddr, &[SocketAddr]) -> B,
    finish: impl Fn(B),
) {
    let mut figures = Vec::new();
    for _ in 0..rounds(1, 5) {
        let place = Place::own();
        let addresses = [place.port(), place.port()];
        let [stops, stays]: [Child; 2] = addresses.map(|address| service(probes).start(address));
        let front = place.port();
        let balancer = start(front, &addresses);
        let load = Connections::Kept.to(front).start();
        for instance in [&stops, &stays] {
            load.wait_for_answer_of(instance.pid());
        }
        let (pid, notice) = (stops.pid(), Instant::now());
        stop(stops);
        load.wait_for_answers(20);
        let tally = load.finish();
        figures.push(tally.last_request_of(pid, notice));
        finish(balancer);
        only(&tally, &[], name);
        stop(stays);
    }
    figures.sort_unstable();
    println!("{name}: the last request after {:.0?}, of {figures:.0?}", figures[figures.len() / 2]);
}

#[track_caller]
fn behind_haproxy(name: &str, probes: Probes, check: Check, said: impl Fn(&str) -> bool) {
    let start = |front, instances: &[SocketAddr]| Balancer::start_checking(front, instances, check);
    let finish = |balancer: Balancer| {
        let log = balancer.stop();
        assert!(said(&log), "{log}");
    };
    last_request(&format!("HAProxy, {name}"), probes, start, finish);
}

fn check() -> Check {
    Check { interval: interval(), fall: FALL, disable_on_404: false, reads_header: false }
}

#[test]
fn haproxy_leaves_after_three_failed_checks() {
    behind_haproxy("three failed checks", Probes::Default, check(), |log| {
        log.contains("instance0 is DOWN") && log.contains("code: 503")
    });
}

#[test]
fn haproxy_leaves_after_one_check_with_disable_on_404() {
    let check = Check { disable_on_404: true, ..check() };
    behind_haproxy("`disable-on-404`", Probes::NotFound, check, |log| {
        log.contains("instance0 is stopping") && log.contains("code: 404")
    });
}

#[test]
fn haproxy_leaves_after_one_response_if_a_script_reads_the_header() {
    let check = Check { reads_header: true, ..check() };
    let by_script = |log: &str| log.contains("instance0 is DOWN, changed from Lua script");
    behind_haproxy("a script that reads the header", Probes::Default, check, by_script);
    if soak() {
        let by_checks = |log: &str| !by_script(log) && log.contains("instance0 is DOWN");
        behind_haproxy("the same script, and no header", Probes::Handler, check, by_checks);
    }
}

/// Only the long run has Envoy, which is a large download.
#[test]
fn envoy_leaves_after_one_response_with_the_header() {
    if !soak() {
        return;
    }
    for (name, probes, reads) in [
        ("Envoy, with the header", Probes::Default, true),
        ("Envoy, without the header", Probes::Handler, false),
    ] {
        let admin = Place::own().port();
        let start = |front, instances: &[SocketAddr]| Envoy::start(front, admin, instances, interval());
        let finish = |envoy: Envoy| {
            let failed = envoy.failed_by_header();
            assert_eq!(failed > 0, reads, "{name}: {failed} failures");
            envoy.stop();
        };
        last_request(name, probes, start, finish);
    }
}
