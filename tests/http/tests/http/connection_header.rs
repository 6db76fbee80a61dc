//! What a response says about its connection: HTTP/1.0 clients that ask for keep-alive keep it while the service runs, and
//! each last response says `close` and nothing that contradicts it.

use lifecycle_http_tests::{Client, Clients, Fixture, Outcome, Response, program, servers, start};

/// What clients say about the connection. Each one wants to keep it.
const WISHES: [&str; 8] = [
    "Connection: keep-alive\r\n",
    "connection: Keep-Alive\r\n",
    "CONNECTION:   KEEP-ALIVE  \r\n",
    "Connection: keep-alive, TE\r\nTE: trailers\r\n",
    "Connection: TE\r\nConnection: keep-alive\r\n",
    "Connection: keep-alive\r\nKeep-Alive: timeout=5, max=1000\r\n",
    "Connection: Keep-Alive\r\nProxy-Connection: Keep-Alive\r\n",
    "Proxy-Connection: keep-alive\r\nConnection: keep-alive\r\nkeep-alive: 300\r\n",
];

/// What handlers say about the connection, and what the last response says instead.
const TARGETS: [(&str, &str); 8] = [
    ("/named/said", "close"),
    ("/says/keep-alive", "close"),
    ("/says/Keep-Alive", "close"),
    ("/says/close", "close"),
    ("/says/close,%20keep-alive", "close"),
    ("/says/keep-alive,%20Close", "close"),
    ("/says/upgrade", "close, upgrade"),
    ("/says/Upgrade,%20keep-alive", "close, upgrade"),
];

const VERSIONS: [&str; 2] = ["HTTP/1.0", "HTTP/1.1"];

fn request(version: &str, target: &str, wish: &str) -> Vec<u8> {
    format!("GET {target} {version}\r\nHost: a\r\n{wish}\r\n").into_bytes()
}

/// Returns the values of each header that is about the connection.
fn said(answer: &Response) -> Vec<&str> {
    let names = ["connection: ", "keep-alive: ", "proxy-connection: "];
    let values = answer.head.lines().filter_map(|line| names.iter().find_map(|name| line.strip_prefix(name)));
    values.collect()
}

#[test]
fn an_http10_client_keeps_its_connection_while_the_service_runs() {
    for server in servers!("http") {
        for wish in WISHES {
            let mut client = server.connect();
            for _ in 0..3 {
                let answer = client.send(&request("HTTP/1.0", "/named/said", wish)).response();
                assert_eq!((answer.status, said(&answer)), (200, vec!["keep-alive"]), "{wish:?}");
            }
            // Without a wish the connection closes after the response.
            assert_eq!(client.send(&request("HTTP/1.0", "/named/said", "")).response().status, 200);
            client.closed();
        }
    }
}

/// hyper would append `keep-alive` to it.
#[test]
fn a_handler_that_closes_the_connection_of_an_http10_client_says_only_that() {
    let server = start(program!("http_multi", "http"));
    for wish in WISHES {
        let mut client = server.connect();
        let answer = client.send(&request("HTTP/1.0", "/says/close", wish)).response();
        assert_eq!(said(&answer), ["close", "timeout=5"], "{wish:?}");
        client.closed();
    }
}

#[test]
fn a_response_in_the_lame_duck_says_close_and_nothing_else() {
    for mut server in servers!("http", |program| program.lame_duck("100s").grace("200s")) {
        let mut used: Vec<Client> = VERSIONS.iter().map(|_| server.connect()).collect();
        for (client, version) in used.iter_mut().zip(VERSIONS) {
            let answer = client.send(&request(version, "/named/said", WISHES[0])).response();
            assert!(!answer.is_last(), "{answer:?}");
        }
        server.terminate_and_stop();
        for (mut client, version) in used.into_iter().zip(VERSIONS) {
            let answer = client.send(&request(version, "/named/said", WISHES[0])).response();
            assert_eq!(said(&answer), ["close"]);
            client.closed();
        }
        for version in VERSIONS {
            for wish in WISHES.into_iter().chain([""]) {
                for (target, expected) in TARGETS {
                    let mut client = server.connect();
                    let answer = client.send(&request(version, target, wish)).response();
                    assert_eq!(said(&answer), [expected], "{version} {target} {wish:?}");
                    assert_eq!(answer.body, b"said");
                    client.closed();
                }
                let mut client = server.connect();
                let answer = client.send(&request(version, "/readyz", wish)).response();
                assert_eq!((answer.status, said(&answer)), (503, vec!["close"]));
                client.closed();
            }
        }
    }
}

#[test]
fn a_request_of_http10_with_a_body_hears_close_in_the_lame_duck() {
    let mut server = start(program!("http_multi", "http").lame_duck("10s"));
    server.terminate_and_stop();
    for (target, body) in [("/echo", "hello"), ("/early", "early")] {
        let mut client = server.connect();
        let head = format!("POST {target} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n");
        client.send(head.as_bytes()).send(b"hello");
        let answer = client.response();
        assert_eq!((said(&answer), answer.body.as_slice()), (vec!["close"], body.as_bytes()));
        client.closed();
    }
}

#[test]
fn a_request_of_http10_in_progress_at_the_signal_hears_close() {
    for mut server in servers!("http idle=0") {
        let mut client = server.connect();
        client.send(&request("HTTP/1.0", "/wait/a", WISHES[0]));
        server.wait_for("at work: /wait/a");
        server.terminate_and_drain();
        server.go();
        let answer = client.response();
        assert_eq!((said(&answer), answer.body.as_slice()), (vec!["close"], &b"a"[..]));
        client.closed();
        server.stopped().exited(0);
    }
}

/// Some HTTP/1.0 clients pipeline.
#[test]
fn pipelined_requests_of_http10_are_all_answered_and_the_last_one_hears_close() {
    for mut server in servers!("http idle=0") {
        let mut client = server.connect();
        client.send(&request("HTTP/1.0", "/wait/a", WISHES[0]));
        server.wait_for("at work: /wait/a");
        client.send(&request("HTTP/1.0", "/named/said", WISHES[0]).repeat(5));
        server.connect_and_use();
        server.terminate_and_drain();
        server.go();
        for at in 0..6 {
            let answer = client.response();
            assert_eq!(
                (answer.status, said(&answer)),
                (200, vec![if at < 5 { "keep-alive" } else { "close" }])
            );
        }
        client.closed();
        server.stopped().exited(0);
    }
}

#[test]
fn a_refusal_of_http10_says_close_and_nothing_else() {
    for mut server in servers!("http idle=0") {
        let mut client = server.connect();
        client.send(&request("HTTP/1.0", "/wait/a", WISHES[0]));
        server.wait_for("at work: /wait/a");
        // Connections learn of the drain in order of arrival. If the later ones have closed, this one knows of it.
        let mut behind = (0..10).map(|_| server.connect_and_use()).collect::<Vec<_>>();
        server.terminate();
        behind.all_closed();
        client.send(&request("HTTP/1.0", "/named/late", WISHES[0]));
        // The request is in the server's kernel when the send has returned, because the client is on the same machine.
        server.go();
        assert_eq!(said(&client.response()), ["keep-alive"]);
        let late = client.response();
        assert_eq!((late.outcome(), said(&late)), (Outcome::Unavailable, vec!["close"]));
        client.closed();
        server.stopped().exited(0);
    }
}
