//! After the notice each HTTP/1.1 response announces that it is the last one, and no reset destroys a
//! response.

use std::time::{Duration, Instant};

use libc::SIGINT;
use lifecycle_http_tests::{
    Client, Clients, Fixture, Outcome, Program, SLACK, both_flavours, program, servers, start,
};

/// A lame duck longer than any test.
const LONG: &str = "600s";

/// The length of an unread body in bytes. The server discards up to 1 MiB.
const UNREAD: usize = 512 * 1024;

/// The length of one write of the body in bytes.
const PIECE: usize = 1024;

fn head_of(path: &str, length: usize) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

#[test]
fn during_the_lame_duck_everything_works_and_answers_say_close() {
    for program in both_flavours!("http") {
        // The lame duck is long enough for three requests on a slow machine.
        let mut server = start(program.lame_duck("4s"));
        let (mut known, mut silent) = (server.connect_and_use(), server.connect_and_use());
        server.terminate_and_stop();
        let mut new = server.connect();
        for client in [&mut known, &mut new] {
            client.get("/");
            assert_eq!(client.outcome(), Outcome::AnsweredLast);
            client.closed();
        }
        // The idle connection stays open while the listener is open.
        silent.get("/");
        assert_eq!(silent.outcome(), Outcome::AnsweredLast);
        server.stopped().exited(0).not_before(Duration::from_secs(4));
    }
}

/// The method starts with the same three letters as the HTTP/2 preface. HTTP/2 does not have this header.
#[test]
fn an_answer_to_a_method_that_begins_as_http2_does_says_close() {
    let mut server = start(program!("http_multi", "http").lame_duck("10s"));
    server.terminate_and_stop();
    let mut client = server.connect();
    client.send(b"PRINT / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert!(client.response().is_last());
    client.closed();
}

/// The notice comes while the request is in progress.
#[test]
fn an_answer_that_begins_behind_the_notice_says_close() {
    let mut server = start(program!("http_multi", "http").lame_duck("10s"));
    let mut busy = server.at_work(1);
    server.terminate_and_stop();
    server.go();
    assert_eq!(busy[0].outcome(), Outcome::AnsweredLast);
    busy[0].closed();
}

#[test]
fn sigint_skips_the_lame_duck() {
    let mut server = start(program!("http_multi", "http").grace("1200s").env("LIFECYCLE_LAME_DUCK", LONG));
    server.signal(SIGINT);
    let ended = server.stopped();
    assert!(ended.took < SLACK, "{:?}", ended.took);
    ended.exited(0);
}

/// Reads the response and then sends the rest of the body, which the handler does not read. Returns `false`
/// if the client was too slow. The server may then close before the end of the body.
#[track_caller]
fn sends_on_behind_its_answer(client: &mut Client, length: usize) -> bool {
    sends_on_behind(client, Outcome::AnsweredLast, length)
}

#[track_caller]
fn sends_on_behind(client: &mut Client, answer: Outcome, length: usize) -> bool {
    assert_eq!(client.outcome(), answer);
    let begun = Instant::now();
    for _ in 0..length / PIECE {
        // The next write fails after a reset.
        if let Err(outcome) = client.try_send(&[b'x'; PIECE]) {
            // The server reads on for 100 ms. This machine may have been too slow to send in that time.
            assert!(
                begun.elapsed() > Duration::from_millis(50),
                "the answer was overtaken by this: {outcome:?}"
            );
            return false;
        }
    }
    client.closed();
    true
}

/// Repeats the test until this machine is fast enough once, at most 20 times.
#[track_caller]
fn once_in_twenty_times(works: impl Fn() -> bool) {
    assert!((0..20).any(|_| works()), "this machine is too slow to tell");
}

/// The client is still sending when the response is complete. A close at this moment would make the kernel
/// reset the connection.
#[test]
fn an_early_answer_is_not_destroyed_by_a_reset_in_the_lame_duck() {
    let once = |program: Program| {
        let mut server = start(program.lame_duck("10s"));
        let mut client = server.connect_and_use();
        server.terminate_and_stop();
        client.send(&head_of("/early", UNREAD));
        sends_on_behind_its_answer(&mut client, UNREAD)
    };
    once_in_twenty_times(|| once(program!("http_multi", "http")));
    once_in_twenty_times(|| once(program!("http_current", "http")));
}

#[test]
fn an_early_answer_is_not_destroyed_by_a_reset_in_the_drain() {
    let once = |program: Program| {
        let mut server = start(program);
        let mut client = server.connect();
        // The handler does not read the body, and the kernel holds most of these bytes.
        let early = UNREAD / 2;
        client.send(&head_of("/wait/unread", UNREAD)).send(&vec![b'x'; early]);
        server.wait_for("at work: /wait/unread");
        server.terminate_and_drain();
        server.go();
        let sent = sends_on_behind_its_answer(&mut client, UNREAD - early);
        server.stopped().exited(0);
        sent
    };
    once_in_twenty_times(|| once(program!("http_multi", "http idle=0")));
    once_in_twenty_times(|| once(program!("http_current", "http idle=0")));
}

/// No handler reads the body of a refused request.
#[test]
fn a_refusal_is_not_destroyed_by_the_body_of_its_request() {
    let once = |program: Program| {
        let mut server = start(program);
        let mut client = server.found_busy("/slow-large");
        client.send(&head_of("/echo", UNREAD));
        server.go();
        assert_eq!(client.outcome(), Outcome::Answered);
        let sent = sends_on_behind(&mut client, Outcome::Unavailable, UNREAD);
        server.stopped().exited(0);
        sent
    };
    once_in_twenty_times(|| once(program!("http_multi", "http idle=0")));
    once_in_twenty_times(|| once(program!("http_current", "http idle=0")));
}

/// The requests after the last response are lost (RFC 9112, section 9.6), but the response is not.
#[test]
fn a_last_answer_is_not_destroyed_by_what_comes_behind_it() {
    once_in_twenty_times(|| {
        let mut server = start(program!("http_multi", "http").lame_duck("10s"));
        let mut client = server.connect();
        server.terminate_and_stop();
        client.get("/");
        sends_on_behind_its_answer(&mut client, 4 * PIECE)
    });
}

/// Request heads that are longer or shorter than usual.
const UNUSUAL: [&str; 7] = [
    "GET http://10.0.0.12:8080/ HTTP/1.1\r\nHost: 10.0.0.12:8080\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:                                                    test          \r\n\r\n",
    "GET / HTTP/1.1\nHost: test\n\n",
    "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 00000000000000000000000000000000000000\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost:test\r\ncontent-length:                                  5\r\n\r\nhello",
    "POST http://test/echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;why=not\r\nhello\r\n0\r\nA: b\r\n\r\n",
];

#[test]
fn an_answer_to_an_unusual_head_says_close() {
    let mut server = start(program!("http_multi", "http").lame_duck("10s"));
    server.terminate_and_stop();
    for request in UNUSUAL {
        let mut client = server.connect();
        client.send(request.as_bytes());
        assert_eq!(client.outcome(), Outcome::AnsweredLast, "{request:?}");
        client.closed();
    }
}

#[test]
fn a_connection_is_idle_after_unusual_heads() {
    for mut server in servers!("http idle=0") {
        let mut clients: Vec<Client> = UNUSUAL.iter().map(|_| server.connect()).collect();
        for (client, request) in clients.iter_mut().zip(UNUSUAL) {
            // Some clients send an empty line after a request, and a server ignores it (RFC 9112, section
            // 2.2).
            for end in ["", "\r\n"] {
                client.send(format!("{request}{end}").as_bytes());
                assert_eq!(client.outcome(), Outcome::Answered, "{request:?}");
            }
        }
        server.terminate();
        clients.all_closed();
        server.stopped().exited(0).not_reported("note:");
    }
}

/// The client sends all of them before the signal, one after another.
#[test]
fn what_is_behind_an_unusual_head_is_answered() {
    for mut server in servers!("http idle=0") {
        let mut client = server.connect_and_use();
        server.freeze();
        client.send(UNUSUAL.concat().as_bytes());
        server.terminate_and_thaw();
        for (at, request) in UNUSUAL.iter().enumerate() {
            let outcome = client.outcome();
            // The last response carries the header, except if the server sent it before it handled the
            // signal.
            let is_last = outcome == Outcome::AnsweredLast && at == UNUSUAL.len() - 1;
            assert!(is_last || outcome == Outcome::Answered, "{outcome:?} to {request:?}");
        }
        client.closed();
        server.stopped().exited(0).not_reported("note:");
    }
}
