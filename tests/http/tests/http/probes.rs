//! The probes that an orchestrator sees, and a lame duck that ends after a probe has seen the stop.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lifecycle_http_tests::{Client, Fixture, Outcome, both_flavours, program, servers, start, wait_until};

#[track_caller]
fn says(address: SocketAddr, statuses: [u16; 3]) {
    for (path, status) in ["/livez", "/startupz", "/readyz"].into_iter().zip(statuses) {
        let mut client = Client::connect(address);
        assert_eq!(client.get(path).response().status, status, "{path}");
    }
}

#[test]
fn probes_beside_the_service_say_what_it_is_doing() {
    for mut server in servers!("http", |program| program.lame_duck("10s")) {
        says(server.socket_address(), [200, 200, 200]);
        server.terminate_and_stop();
        says(server.socket_address(), [200, 200, 503]);
    }
}

/// Readiness fails as soon as the stop begins. Each probe that is answered after the signal gets a 503.
#[test]
fn readiness_fails_from_the_first_instant() {
    for mut server in servers!("http", |program| program.lame_duck("10s")) {
        let mut checks = (0..50).map(|_| server.connect_and_use()).collect::<Vec<_>>();
        server.terminate();
        // The service itself learns of the stop at this time.
        server.wait_for("stopping");
        for client in &mut checks {
            assert_eq!(client.get("/readyz").response().status, 503);
        }
    }
}

#[test]
fn probes_of_their_own_answer_from_the_start_to_the_exit() {
    for program in both_flavours!("http probes slow-start slow-cleanup") {
        let mut server = program.piped_stdin().prints_address("probes at ").start();
        let probes = server.socket_address();
        server.wait_for("at work: start");
        says(probes, [200, 503, 503]);
        server.tell("go start");
        let address = server.wait_for_start("listening at ").parse().expect("an address");
        let mut busy = Client::connect(address);
        busy.get("/wait/0");
        server.wait_for("at work: /wait/0");
        says(probes, [200, 200, 200]);
        server.terminate_and_drain();
        // The listener of the service closes. A client that still connects is answered.
        wait_until("the listener closes", || Client::ask_once(address, "/livez") == Outcome::Refused);
        says(probes, [200, 200, 503]);
        server.tell("go /wait/0");
        assert_eq!(busy.outcome(), Outcome::AnsweredLast);
        drop(busy);
        server.wait_for("at work: cleanup");
        says(probes, [200, 200, 503]);
        server.go();
        server.stopped().exited(0).said(&["stopping", "draining", "served", "cleaning up"]);
        assert_eq!(Client::ask_once(probes, "/livez"), Outcome::Refused);
    }
}

/// An open connection to the probes does not delay the exit, because the stop closes it.
#[test]
fn a_client_of_the_probes_holds_nothing_up() {
    let mut server = start(program!("http_multi", "http probes"));
    let mut half = Client::connect(server.probes());
    half.send(b"GET /live");
    server.stop().exited(0).within(Duration::from_secs(1));
}

/// The lame duck ends after 1 s without requests, plus the delay of a slow machine. The configured lame duck
/// would last for minutes.
#[test]
fn the_lame_duck_ends_early_while_health_checks_go_on() {
    for mut server in servers!("http early_end", |program| program.grace("1200s").lame_duck("600s")) {
        let address = server.socket_address();
        server.terminate_and_stop();
        let begun = Instant::now();
        // Each check opens a connection every 200 ms, as load balancers do, until the listener closes.
        loop {
            match Client::ask_once(address, "/readyz") {
                Outcome::Refused => break,
                Outcome::Status(503) => {}
                other => panic!("the check ended with {other:?}"),
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the checks keep the lame duck going");
            sleep(Duration::from_millis(200));
        }
        server.stopped().exited(0).not_before(Duration::from_secs(1));
    }
}

/// Without a failed check no orchestrator knows of the stop. A client that still connects does not know of it
/// either.
#[test]
fn the_lame_duck_lasts_while_somebody_wants_something_or_nobody_has_looked() {
    let lame = || program!("http_multi", "http early_end").lame_duck("3s");
    let mut unseen = start(lame());
    let mut wanted = start(lame());
    unseen.terminate();
    wanted.terminate_and_stop();
    assert_eq!(Client::ask_once(wanted.socket_address(), "/readyz"), Outcome::Status(503));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2500) {
        assert_eq!(Client::ask_once(wanted.socket_address(), "/"), Outcome::AnsweredLast);
        sleep(Duration::from_millis(200));
    }
    for server in [unseen, wanted] {
        server.stopped().exited(0).not_before(Duration::from_secs(3));
    }
}
