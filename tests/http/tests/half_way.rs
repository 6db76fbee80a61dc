//! Connections that the stop finds half-way: how long each of them holds it up, and what the report says (R18).

use std::thread::sleep;
use std::time::{Duration, Instant};

use lifecycle_http_tests::{Client, Outcome, SLACK, Server, both_flavours, get, program};

/// A second for half a head. What a slow machine adds is told apart from the drain of twenty seconds.
const HALF_HEAD: Duration = Duration::from_secs(1);

#[test]
fn a_request_byte_by_byte_across_the_signal_is_answered() {
    for program in both_flavours!("http idle=0") {
        let mut server = Server::start(program);
        let mut clients = [server.connect(), server.connect_and_use()];
        let request = get("/");
        for (at, byte) in request.iter().enumerate() {
            if at == request.len() / 2 {
                server.stop();
                server.drains();
            }
            for client in &mut clients {
                client.send(std::slice::from_ref(byte));
            }
            // So that each byte is a packet of its own: 40 of them are far within the second that half a head has.
            sleep(Duration::from_millis(2));
        }
        for client in &mut clients {
            assert_eq!(client.outcome(), Outcome::AnsweredLast);
            client.closed();
        }
        server.ended().exited(0).not_reported("note:");
    }
}

#[test]
fn a_body_byte_by_byte_across_the_signal_is_answered() {
    for program in both_flavours!("http idle=0") {
        let mut server = Server::start(program);
        let mut client = server.connect();
        client.send(b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\n");
        for at in 0..20 {
            if at == 10 {
                server.stop();
                server.drains();
            }
            client.send(b"x");
            sleep(Duration::from_millis(2));
        }
        let answer = client.answer();
        assert_eq!((answer.outcome(), &answer.body[..]), (Outcome::AnsweredLast, &[b'x'; 20][..]));
        server.ended().exited(0);
    }
}

#[test]
fn half_a_head_has_a_second_and_is_noted() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program);
        let mut clients = [server.connect(), server.connect_and_use()];
        for client in &mut clients {
            client.send(b"GET / HTTP/1.1\r\nHos");
        }
        let stopped = Instant::now();
        server.stop();
        for client in &mut clients {
            client.closed();
            assert!(stopped.elapsed() >= HALF_HEAD - Duration::from_millis(10), "{:?}", stopped.elapsed());
        }
        let ended = server.ended();
        ended
            .exited(0)
            .within(HALF_HEAD)
            .reported(&["note: http at 127.0.0.1:", ": 2 connections were closed with half a request head"]);
    }
}

#[test]
fn half_a_head_has_less_where_the_time_for_a_head_is_shorter() {
    let mut server = Server::start(program!("http_multi", "http header_read_timeout=200"));
    let mut client = server.connect();
    client.send(b"GET / HT");
    server.stop();
    client.gone();
    // By the time-out of hyper or by ours, which end together: with a note or a 408, but not after a second.
    server.ended().exited(0);
}

#[test]
fn half_a_body_has_until_the_end_of_the_drain_and_is_named() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program.grace("2s"));
        let mut client = server.connect();
        client.send(b"POST /echo?half=body HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\nhalf");
        // A full round trip of another connection behind it: it has been read by then.
        server.connect_and_use();
        server.stop();
        client.gone();
        let ended = server.ended();
        // The drain ends a little before the grace does, so that there is time to report.
        ended.exited(70).not_before(Duration::from_secs(1)).within(Duration::from_secs(2));
        ended.reported(&["http at 127.0.0.1:", "`POST /echo?half=body` has no response yet, for 127.0.0.1:"]);
    }
}

#[test]
fn a_client_that_never_reads_has_until_the_end_of_the_drain_and_is_named() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program.grace("2s"));
        let mut client = server.connect();
        client.get("/large?unread");
        assert_eq!(client.bytes(12), b"HTTP/1.1 200");
        server.stop();
        let ended = server.ended();
        ended.exited(70).not_before(Duration::from_secs(1)).within(Duration::from_secs(2));
        ended.reported(&[
            "http at 127.0.0.1:",
            "the response to `GET /large?unread` is being sent, for 127.0.0.1:",
        ]);
    }
}

/// A client that reads late, but does, gets all of it.
#[test]
fn a_client_that_reads_slowly_gets_all_of_its_answer() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program);
        let mut client = server.connect();
        client.get("/large");
        assert_eq!(client.head().status, 200);
        server.stop();
        server.drains();
        let mut length = 0;
        while let Some(chunk) = client.chunk() {
            length += chunk.len();
        }
        assert_eq!(length, 64 << 20);
        server.ended().exited(0);
    }
}

/// It might be about to send. 100 ms, of which the test sees the lower bound, and that it is not a second.
#[test]
fn a_connection_without_a_first_byte_lingers_for_100_ms() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program);
        let mut clients: Vec<Client> = (0..2).map(|_| server.connect()).collect();
        // They have been accepted when a later one is answered.
        server.connect_and_use();
        let stopped = Instant::now();
        server.stop();
        clients[0].closed();
        let took = stopped.elapsed();
        assert!(took >= Duration::from_millis(90), "closed after {took:?}");
        server.ended().exited(0).not_reported("note:").within(Duration::from_millis(100));
    }
}

#[test]
fn an_idle_connection_is_closed_at_once() {
    for program in both_flavours!("http idle=0") {
        let mut server = Server::start(program);
        let mut idle = server.connect_and_use();
        // So that the server does not end of itself.
        let mut busy = server.at_work(1);
        server.stop();
        let took = idle.closed();
        // At once, but for a slow machine: not when the work ends.
        assert!(took < SLACK, "closed after {took:?}");
        server.go();
        assert_eq!(busy[0].outcome(), Outcome::AnsweredLast);
        server.ended().exited(0).not_reported("note:");
    }
}

#[test]
fn idle_connections_are_closed_over_the_spread() {
    const SPREAD: Duration = Duration::from_secs(1);
    for program in both_flavours!("http idle=0 close_jitter=1000") {
        let mut server = Server::start(program);
        let clients: Vec<Client> = (0..50).map(|_| server.connect_and_use()).collect();
        let stopped = Instant::now();
        server.stop();
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
        // Of 50 spread evenly the middle one lies between a quarter and three quarters, unless luck is one in thousands.
        assert!(closed[25] >= SPREAD / 5, "all at once: {closed:?}");
        assert!(closed[49] - closed[0] >= SPREAD / 2, "not spread: {closed:?}");
        server.ended().exited(0).within(SPREAD);
    }
}

/// What comes on a connection that the spread holds open is served.
#[test]
fn a_request_during_the_spread_is_answered() {
    let mut server = Server::start(program!("http_multi", "http idle=0 close_jitter=600000"));
    let mut clients: Vec<Client> = (0..10).map(|_| server.connect_and_use()).collect();
    server.stop();
    server.drains();
    for client in &mut clients {
        client.get("/");
        assert_eq!(client.outcome(), Outcome::AnsweredLast);
        client.closed();
    }
    drop(clients);
    server.ended().exited(0);
}
