//! From the notice on each answer of HTTP/1 says that it is the last one, and none is overtaken by a reset.

use std::time::Duration;

use libc::SIGINT;
use lifecycle_http_tests::{Outcome, SLACK, Server, both_flavours, get, program};

/// Longer than anything here takes.
const LONG: &str = "600s";

/// Of a body that nobody reads. The server ignores up to 1 MiB of it.
const UNREAD: usize = 512 * 1024;

fn with_a_body(path: &str, length: usize) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
    [head.into_bytes(), vec![b'x'; length]].concat()
}

#[test]
fn during_the_lame_duck_everything_works_and_answers_say_close() {
    for program in both_flavours!("http") {
        // Time for three requests on a slow machine.
        let mut server = Server::start(program.env("LIFECYCLE_LAME_DUCK", "4s"));
        let (mut known, mut silent) = (server.connect_and_use(), server.connect_and_use());
        server.stop();
        server.hears_the_stop();
        let mut new = server.connect();
        for client in [&mut known, &mut new] {
            client.get("/");
            assert_eq!(client.outcome(), Outcome::AnsweredLast);
            client.closed();
        }
        // Idle, and open as long as the doors are.
        silent.get("/");
        assert_eq!(silent.outcome(), Outcome::AnsweredLast);
        server.ended().exited(0).not_before(Duration::from_secs(4));
    }
}

/// The notice comes while the request is at work.
#[test]
fn an_answer_that_begins_behind_the_notice_says_close() {
    let mut server = Server::start(program!("multi", "http").env("LIFECYCLE_LAME_DUCK", "10s"));
    let mut busy = server.at_work(1);
    server.stop();
    server.hears_the_stop();
    server.go();
    assert_eq!(busy[0].outcome(), Outcome::AnsweredLast);
    busy[0].closed();
}

#[test]
fn sigint_skips_the_lame_duck() {
    let mut server = Server::start(program!("multi", "http").grace("1200s").env("LIFECYCLE_LAME_DUCK", LONG));
    server.child.signal(SIGINT);
    let ended = server.ended();
    assert!(ended.took < SLACK, "{:?}", ended.took);
    ended.exited(0);
}

/// The client is still sending when the answer is complete. Closed there, the kernel resets the connection.
#[test]
fn an_early_answer_is_not_destroyed_by_a_reset_in_the_lame_duck() {
    for program in both_flavours!("http") {
        let mut server = Server::start(program.env("LIFECYCLE_LAME_DUCK", "10s"));
        let mut client = server.connect_and_use();
        server.stop();
        server.hears_the_stop();
        client.send(&with_a_body("/early", UNREAD));
        assert_eq!(client.outcome(), Outcome::AnsweredLast);
        client.closed();
    }
}

#[test]
fn an_early_answer_is_not_destroyed_by_a_reset_in_the_drain() {
    for program in both_flavours!("http linger=0") {
        let mut server = Server::start(program);
        let mut client = server.connect();
        // The handler does not read its body, and the kernel holds it.
        client.send(&with_a_body("/wait/unread", UNREAD));
        server.child.wait_for("at work: /wait/unread");
        server.stop();
        server.drains();
        server.go();
        assert_eq!(client.outcome(), Outcome::AnsweredLast);
        client.closed();
        server.ended().exited(0);
    }
}

/// The request behind the last answer is lost, as HTTP has it; the answer is not.
#[test]
fn a_last_answer_is_not_destroyed_by_what_comes_behind_it() {
    let mut server = Server::start(program!("multi", "http").env("LIFECYCLE_LAME_DUCK", "10s"));
    let mut client = server.connect();
    server.stop();
    server.hears_the_stop();
    client.get("/");
    let first = client.answer();
    assert!(first.is_last());
    client.send(&get("/")).send(&get("/"));
    client.closed();
}
