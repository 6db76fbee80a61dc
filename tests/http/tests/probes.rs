//! The probes that an orchestrator sees, and a lame duck that ends after a probe has seen the stop.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lifecycle_http_tests::{Client, Outcome, PATIENCE, Server, both_flavours, program};

#[track_caller]
fn says(address: SocketAddr, statuses: [u16; 3]) {
    for (path, status) in ["/livez", "/startupz", "/readyz"].into_iter().zip(statuses) {
        let mut client = Client::connect(address);
        assert_eq!(client.get(path).response().status, status, "{path}");
    }
}

#[test]
fn probes_beside_the_service_say_what_it_is_doing() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program.env("LIFECYCLE_LAME_DUCK", "10s"));
        says(server.address, [200, 200, 200]);
        server.stop();
        server.hears_the_stop();
        says(server.address, [200, 200, 503]);
    }
}

/// Readiness fails as soon as the stop begins. Each probe that is answered after the signal gets a 503.
#[test]
fn readiness_fails_from_the_first_instant() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program.env("LIFECYCLE_LAME_DUCK", "10s"));
        let mut checks: Vec<Client> = (0..50).map(|_| server.connect_and_use()).collect();
        server.stop();
        // The service itself learns of the stop at this time.
        server.hears_the_stop();
        for client in &mut checks {
            assert_eq!(client.get("/readyz").response().status, 503);
        }
    }
}

#[test]
fn probes_of_their_own_answer_from_the_start_to_the_exit() {
    for program in both_flavours!("http probes slow-start slow-cleanup") {
        let mut child = program.piped_stdin().start();
        let probes = child.wait_for_start("probes at ").parse().expect("an address");
        child.wait_for("at work: start");
        says(probes, [200, 503, 503]);
        child.tell("go start");
        let address = child.wait_for_start("listening at ").parse().expect("an address");
        let mut server = Server { child, address };
        let mut busy = server.at_work(1);
        says(probes, [200, 200, 200]);
        server.stop();
        server.drains();
        // The listener of the service closes. A client that still connects is answered.
        while Client::ask_once(server.address, "/livez") != Outcome::Refused {
            assert!(server.child.since_asked() < PATIENCE, "the doors stay open");
        }
        says(probes, [200, 200, 503]);
        server.child.tell("go /wait/0");
        assert_eq!(busy[0].outcome(), Outcome::AnsweredLast);
        drop(busy);
        server.child.wait_for("at work: cleanup");
        says(probes, [200, 200, 503]);
        server.go();
        server.stopped().exited(0).said(&["stopping", "draining", "served", "cleaning up"]);
        assert_eq!(Client::ask_once(probes, "/livez"), Outcome::Refused);
    }
}

/// An open connection to the probes does not delay the exit, because the stop closes it.
#[test]
fn a_client_of_the_probes_holds_nothing_up() {
    let mut child = program!("http_multi", "http probes").piped_stdin().start();
    let probes = child.wait_for_start("probes at ").parse().expect("an address");
    let address = child.wait_for_start("listening at ").parse().expect("an address");
    let mut server = Server { child, address };
    server.connect_and_use();
    let mut half = Client::connect(probes);
    half.send(b"GET /live");
    server.stop();
    server.stopped().exited(0).within(Duration::from_secs(1));
}

/// The lame duck ends after 1 s without requests, plus the delay of a slow machine. The configured lame duck
/// would last for minutes.
#[test]
fn the_lame_duck_ends_early_while_health_checks_go_on() {
    for program in both_flavours!("http early_end") {
        let mut server = Server::start(program.grace("1200s").env("LIFECYCLE_LAME_DUCK", "600s"));
        let address = server.address;
        server.stop();
        server.hears_the_stop();
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
    let lame = || program!("http_multi", "http early_end").env("LIFECYCLE_LAME_DUCK", "3s");
    let mut unseen = Server::start(lame());
    let mut wanted = Server::start(lame());
    unseen.stop();
    wanted.stop();
    wanted.hears_the_stop();
    assert_eq!(Client::ask_once(wanted.address, "/readyz"), Outcome::Status(503));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2500) {
        assert_eq!(Client::ask_once(wanted.address, "/"), Outcome::AnsweredLast);
        sleep(Duration::from_millis(200));
    }
    for server in [unseen, wanted] {
        server.stopped().exited(0).not_before(Duration::from_secs(3));
    }
}
