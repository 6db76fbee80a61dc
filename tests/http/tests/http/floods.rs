//! Hostile clients do not delay the exit past its time, and memory stays bounded.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Scope, sleep};
use std::time::Duration;

use lifecycle_http_tests::{
    Client, Ended, Fixture, Outcome, Server, get, peak_memory, program, raise_open_files, servers, soak,
    start,
};

fn connections() -> usize {
    if soak() { 5_000 } else { 2_000 }
}

/// The memory limit for each connection in bytes. hyper's head buffer starts at 8 KiB, and the rest of a
/// connection takes less than that.
const EACH: u64 = 24 * 1024;
/// The memory limit without connections in bytes. An idle debug build of the fixture takes a third of it.
const BASE: u64 = 32 << 20;

#[track_caller]
fn is_bounded(server: &Server, connections: usize) {
    let peak = peak_memory(server.pid());
    println!("{connections} connections: {peak} bytes at the most");
    assert!(peak < BASE + connections as u64 * EACH, "{peak} bytes");
}

/// Sends single bytes of a head on each connection while the server accepts them.
fn dribble(clients: &mut [Client], over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let taken = clients.iter_mut().filter_map(|client| client.try_send(b"x").ok()).count();
        if taken == 0 {
            return;
        }
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn thousands_of_half_heads_that_dribble_have_a_second() {
    raise_open_files(8_000);
    for mut server in servers!("http", |program| program.grace("20s")) {
        let mut clients: Vec<Client> = (0..connections()).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.send(b"GET / HTTP/1.1\r\nX-Slow: ");
        }
        // The server has accepted all of them when it answers a later connection.
        server.connect_and_use();
        is_bounded(&server, clients.len());
        let over = AtomicBool::new(false);
        let count = clients.len();
        std::thread::scope(|scope| {
            scope.spawn(|| dribble(&mut clients, &over));
            server.terminate();
            let ended: Ended = server.stopped();
            over.store(true, Ordering::Relaxed);
            ended.exited(0).within(Duration::from_secs(1));
            ended.reported(&[&format!("{count} connections were closed with half a request head")]);
        });
    }
}

/// Connects repeatedly until `over` is set, and counts the lost requests.
fn flood<'scope>(
    scope: &'scope Scope<'scope, '_>,
    address: SocketAddr,
    over: &'scope AtomicBool,
    lost: &'scope AtomicUsize,
) {
    scope.spawn(move || {
        while !over.load(Ordering::Relaxed) {
            match Client::ask_once(address, "/") {
                Outcome::Answered | Outcome::AnsweredLast => {}
                Outcome::Refused => sleep(Duration::from_millis(1)),
                outcome => {
                    println!("lost: {outcome:?}");
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
}

#[test]
fn a_flood_of_connections_does_not_hold_up_the_drain_and_loses_none() {
    for mut server in servers!("http", |program| program.grace("20s")) {
        let (over, lost) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                flood(scope, server.socket_address(), &over, &lost);
            }
            let mut busy = server.at_work(1);
            server.terminate_and_drain();
            server.go();
            assert_eq!(busy[0].outcome(), Outcome::AnsweredLast);
            drop(busy);
            is_bounded(&server, 100);
            let ended = server.stopped();
            over.store(true, Ordering::Relaxed);
            // The server empties the accept queue for at most 1 s.
            ended.exited(0).within(Duration::from_secs(1));
        });
        assert_eq!(lost.into_inner(), 0);
    }
}

/// Each connection sends nothing and may linger for 100 ms.
#[test]
fn a_flood_of_silent_connections_does_not_hold_up_the_drain() {
    for server in servers!("http", |program| program.grace("20s")) {
        let (over, address) = (AtomicBool::new(false), server.socket_address());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut kept = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        match Client::try_connect(address) {
                            Ok(client) if kept.len() < 500 => kept.push(client),
                            _ => sleep(Duration::from_millis(1)),
                        }
                    }
                });
            }
            // The flood is in progress, and the server still answers other clients.
            for _ in 0..20 {
                server.connect_and_use();
            }
            let ended = server.stop();
            over.store(true, Ordering::Relaxed);
            ended.exited(0).within(Duration::from_secs(1));
            assert!(Client::try_connect(address).is_err());
        });
    }
}

/// Each client sends one request after another on one connection, and ignores `Connection: close`.
#[test]
fn a_client_that_never_stops_asking_does_not_hold_up_the_drain() {
    let server = start(program!("http_multi", "http").grace("20s"));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut client = server.connect_and_use();
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) && client.try_send(&get("/")).is_ok() {
                    if !matches!(client.outcome(), Outcome::Answered | Outcome::AnsweredLast) {
                        break;
                    }
                }
            });
        }
        let ended = server.stop();
        over.store(true, Ordering::Relaxed);
        ended.exited(0).within(Duration::from_secs(1));
    });
}
