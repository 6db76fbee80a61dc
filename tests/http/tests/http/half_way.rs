//! Connections with a partial request or response at the stop: how long each one delays the exit, and its
//! line in the report (R18).

use std::thread::sleep;
use std::time::{Duration, Instant};

use lifecycle_http_tests::{Client, Clients, Fixture, Outcome, SLACK, cut_off, get, program, servers, start};

/// The drain waits 1 s for a partial head. A slow machine adds less than the 20 s of the drain.
const HALF_HEAD: Duration = Duration::from_secs(1);

#[test]
fn a_request_byte_by_byte_across_the_signal_is_answered() {
    for mut server in servers!("http idle=0") {
        let mut clients = [server.connect(), server.connect_and_use()];
        let request = get("/");
        for (at, byte) in request.iter().enumerate() {
            if at == request.len() / 2 {
                server.terminate_and_drain();
            }
            for client in &mut clients {
                client.send(std::slice::from_ref(byte));
            }
            // The pause puts each byte into a separate packet. 40 of them take far less than the 1 s of a
            // partial head.
            sleep(Duration::from_millis(2));
        }
        clients.all_answered_last();
        server.stopped().exited(0).not_reported("note:");
    }
}

#[test]
fn a_body_byte_by_byte_across_the_signal_is_answered() {
    for mut server in servers!("http idle=0") {
        let mut client = server.connect();
        client.send(b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\n");
        for at in 0..20 {
            if at == 10 {
                server.terminate_and_drain();
            }
            client.send(b"x");
            sleep(Duration::from_millis(2));
        }
        let answer = client.response();
        assert_eq!((answer.outcome(), &answer.body[..]), (Outcome::AnsweredLast, &[b'x'; 20][..]));
        server.stopped().exited(0);
    }
}

#[test]
fn half_a_head_has_a_second_and_is_noted() {
    for mut server in servers!("http") {
        let mut clients = [server.connect(), server.connect_and_use()];
        for client in &mut clients {
            client.send(b"GET / HTTP/1.1\r\nHos");
        }
        let stopped = Instant::now();
        server.terminate();
        for client in &mut clients {
            client.closed();
            assert!(stopped.elapsed() >= HALF_HEAD - Duration::from_millis(10), "{:?}", stopped.elapsed());
        }
        let ended = server.stopped();
        ended
            .exited(0)
            .within(HALF_HEAD)
            .reported(&["note: http at 127.0.0.1:", ": 2 connections were closed with half a request head"]);
    }
}

#[test]
fn half_a_head_has_less_where_the_time_for_a_head_is_shorter() {
    let mut server = start(program!("http_multi", "http header_read_timeout=200"));
    let mut client = server.connect();
    client.send(b"GET / HT");
    server.terminate();
    client.gone();
    // The time-outs of hyper and of this crate end together. The result is a note or a 408 before 1 s has
    // passed.
    server.stopped().exited(0);
}

#[test]
fn half_a_body_has_until_the_end_of_the_drain_and_is_named() {
    for mut server in servers!("http", |program| program.grace("2s")) {
        let mut client = server.connect();
        client.send(b"POST /echo?half=body HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\nhalf");
        // The server has read the partial body when it answers a later connection.
        server.connect_and_use();
        server.terminate();
        client.gone();
        cut_off(&server.stopped(), &["http", "`POST /echo?half=body` has no response yet"]);
    }
}

#[test]
fn a_client_that_never_reads_has_until_the_end_of_the_drain_and_is_named() {
    for server in servers!("http", |program| program.grace("2s")) {
        let mut client = server.connect();
        client.get("/large?unread");
        assert_eq!(client.bytes(12), b"HTTP/1.1 200");
        cut_off(&server.stop(), &["http", "the response to `GET /large?unread` is being sent"]);
    }
}

#[test]
fn a_client_that_reads_slowly_gets_all_of_its_answer() {
    for mut server in servers!("http") {
        let mut client = server.connect();
        client.get("/large");
        assert_eq!(client.head().status, 200);
        server.terminate_and_drain();
        let mut length = 0;
        while let Some(chunk) = client.chunk() {
            length += chunk.len();
        }
        assert_eq!(length, 64 << 20);
        server.stopped().exited(0);
    }
}

/// The client might be about to send. The test checks the lower bound of 100 ms, and that the linger is
/// shorter than 1 s.
#[test]
fn a_connection_without_a_first_byte_lingers_for_100_ms() {
    for mut server in servers!("http") {
        let mut clients: Vec<Client> = (0..2).map(|_| server.connect()).collect();
        // The server has accepted them when it answers a later connection.
        server.connect_and_use();
        let stopped = Instant::now();
        server.terminate();
        clients[0].closed();
        let took = stopped.elapsed();
        assert!(took >= Duration::from_millis(90), "closed after {took:?}");
        server.stopped().exited(0).not_reported("note:").within(Duration::from_millis(100));
    }
}

#[test]
fn an_idle_connection_is_closed_at_once() {
    for mut server in servers!("http idle=0") {
        let mut idle = server.connect_and_use();
        // The busy connection keeps the server running.
        let mut busy = server.at_work(1);
        server.terminate();
        let took = idle.closed();
        // The bound allows for a slow machine, and is shorter than the work.
        assert!(took < SLACK, "closed after {took:?}");
        server.go();
        assert_eq!(busy[0].outcome(), Outcome::AnsweredLast);
        server.stopped().exited(0).not_reported("note:");
    }
}

#[test]
fn idle_connections_are_closed_over_the_spread() {
    const SPREAD: Duration = Duration::from_secs(1);
    for mut server in servers!("http idle=0 close_jitter=1000") {
        let clients: Vec<Client> = (0..50).map(|_| server.connect_and_use()).collect();
        let stopped = Instant::now();
        server.terminate();
        let waiting: Vec<_> = clients
            .into_iter()
            .map(|mut client| {
                std::thread::spawn(move || {
                    client.closed();
                    stopped.elapsed()
                })
            })
            .collect();
        let mut closed: Vec<Duration> =
            waiting.into_iter().map(|thread| thread.join().expect("closed")).collect();
        closed.sort_unstable();
        // With 50 even random times, the middle one lies between a quarter and three quarters of the spread.
        // The chance of a failure is one in thousands.
        assert!(closed[25] >= SPREAD / 5, "all at once: {closed:?}");
        assert!(closed[49] - closed[0] >= SPREAD / 2, "not spread: {closed:?}");
        server.stopped().exited(0).within(SPREAD);
    }
}

#[test]
fn a_request_during_the_spread_is_answered() {
    let mut server = start(program!("http_multi", "http idle=0 close_jitter=600000"));
    let mut clients = (0..10).map(|_| server.connect_and_use()).collect::<Vec<_>>();
    server.terminate_and_drain();
    for client in &mut clients {
        client.get("/");
        assert_eq!(client.outcome(), Outcome::AnsweredLast);
        client.closed();
    }
    drop(clients);
    server.stopped().exited(0);
}
