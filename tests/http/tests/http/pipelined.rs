//! Pipelined requests: all requests that were sent in time are answered in order, and a late request is
//! refused.

use lifecycle_http_tests::{Client, Fixture, Outcome, get, program, servers, start};

const COUNT: usize = 20;

/// Builds a batch in which requests with a body and requests without one alternate.
fn batch() -> Vec<u8> {
    let request = |at: usize| {
        if at.is_multiple_of(2) {
            return get(&format!("/named/{at}"));
        }
        let (body, length) = (at.to_string(), at.to_string().len());
        format!("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    };
    (0..COUNT).flat_map(request).collect()
}

/// Requires responses in order, of which only the last one announces that it is the last.
#[track_caller]
fn all_answered(client: &mut Client) {
    for at in 0..COUNT {
        let answer = client.response();
        assert_eq!(String::from_utf8_lossy(&answer.body), at.to_string());
        let is_last = at == COUNT - 1;
        assert!(is_last || !answer.is_last(), "{at} said that it is the last one");
    }
    client.closed();
}

#[test]
fn a_batch_in_the_kernel_at_the_signal_is_answered_in_order() {
    for mut server in servers!("http idle=0") {
        let mut clients = [server.connect(), server.connect_and_use()];
        server.freeze();
        for client in &mut clients {
            client.send(&batch());
        }
        server.terminate_and_thaw();
        clients.iter_mut().for_each(all_answered);
        server.stopped().exited(0).not_reported("note:");
    }
}

/// The head of a chunked request does not contain the length of the body.
#[test]
fn what_is_behind_a_request_in_chunks_is_answered() {
    const CHUNKED: &[u8] =
        b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for mut server in servers!("http idle=0") {
        let mut clients = [server.connect_and_use(), server.connect_and_use(), server.connect_and_use()];
        server.freeze();
        clients[0].send(&[CHUNKED, &get("/named/abc")].concat());
        clients[1].send(&[CHUNKED, CHUNKED].concat());
        clients[2].send(&[CHUNKED, CHUNKED, &get("/named/abc")].concat());
        server.terminate_and_thaw();
        for (client, count) in clients.iter_mut().zip([2, 2, 3]) {
            for _ in 0..count {
                assert_eq!(client.response().body, b"abc");
            }
            client.closed();
        }
        server.stopped().exited(0).not_reported("note:");
    }
}

/// The response to a single request announces that it is the last one.
#[test]
fn a_request_in_chunks_hears_that_its_answer_is_the_last_one() {
    let mut server = start(program!("http_multi", "http").lame_duck("10s"));
    let mut client = server.connect_and_use();
    server.terminate_and_stop();
    client.send(b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(b"3\r\nabc\r\n").send(b"0\r\n\r\n");
    assert_eq!(client.outcome(), Outcome::AnsweredLast);
    client.closed();
}

/// The response does not wait for the end of the body, and the server closes after it.
#[test]
fn an_answer_before_the_end_of_the_chunks_says_that_it_is_the_last_one() {
    for mut server in servers!("http", |program| program.lame_duck("10s")) {
        let mut clients = [server.connect_and_use(), server.connect(), server.connect()];
        server.terminate_and_stop();
        let head = b"POST /early HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
        // The clients send no body, one chunk, and half a chunk.
        for (client, body) in clients.iter_mut().zip([&b""[..], b"3\r\nabc\r\n", b"a\r\nabc"]) {
            client.send(&[head, body].concat());
            assert_eq!(client.outcome(), Outcome::AnsweredLast);
            client.closed();
        }
    }
}

/// The server finds the end of the body at every split into two writes.
#[test]
fn what_is_behind_a_request_in_chunks_is_answered_in_the_lame_duck() {
    let program = program!("http_multi", "http").grace("1200s");
    let mut server = start(program.lame_duck("600s"));
    server.terminate_and_stop();
    let head = b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [&b"0\r\n\r\n"[..], b"3\r\nabc\r\n0\r\n\r\n", b"1;why\r\na\r\n00;why\r\nTrailer: x\r\n\r\n"] {
        for split in 0..body.len() {
            let mut client = server.connect();
            client.send(&[head, &body[..split]].concat());
            // The server has read the first part when it answers a later connection.
            server.connect().get("/").response();
            client.send(&[&body[split..], &get("/named/behind")].concat());
            assert_eq!(client.outcome(), Outcome::Answered, "split at {split}");
            assert_eq!(client.response().body, b"behind");
        }
    }
}

/// At the stop the server has answered some requests of the batch, is handling one, and has read the rest.
#[test]
fn a_batch_that_the_stop_falls_into_is_answered_in_order() {
    for mut server in servers!("http idle=0") {
        let mut client = server.connect();
        let mut requests = get("/named/first");
        requests.extend(get("/wait/middle"));
        requests.extend(batch());
        client.send(&requests);
        assert_eq!(client.response().body, b"first");
        server.wait_for("at work: /wait/middle");
        server.terminate_and_drain();
        server.go();
        assert_eq!(client.response().body, b"middle");
        all_answered(&mut client);
        server.stopped().exited(0);
    }
}

/// The signal comes at each position of the batch.
#[test]
fn a_batch_with_the_signal_in_the_middle_is_answered_in_order() {
    for at in 1..10 {
        let mut server = start(match at % 2 {
            0 => program!("http_multi", "http idle=0"),
            _ => program!("http_current", "http idle=0"),
        });
        let mut client = server.connect();
        client.send(&batch());
        for expected in 0..at {
            assert_eq!(client.response().body, expected.to_string().as_bytes());
        }
        server.terminate();
        for expected in at..COUNT {
            assert_eq!(client.response().body, expected.to_string().as_bytes());
        }
        client.closed();
        server.stopped().exited(0);
    }
}

#[test]
fn a_latecomer_behind_a_long_answer_is_refused() {
    for mut server in servers!("http idle=0") {
        // The server sends the response head before the stop, so the head cannot announce the last response.
        let mut client = server.found_busy("/slow-large");
        client.get("/named/late");
        server.go();
        assert_eq!(client.outcome(), Outcome::Answered);
        assert_eq!(client.outcome(), Outcome::Unavailable);
        client.closed();
        server.stopped().exited(0);
    }
}

#[test]
fn a_latecomer_is_served_where_that_is_wished() {
    for mut server in servers!("http idle=0 late_requests") {
        let mut client = server.found_busy("/slow-large");
        client.get("/named/late");
        server.go();
        assert_eq!(client.outcome(), Outcome::Answered);
        let late = client.response();
        assert_eq!((late.outcome(), &late.body[..]), (Outcome::AnsweredLast, &b"late"[..]));
        client.closed();
        server.stopped().exited(0);
    }
}

/// The client sends the request before the drain, so it is not too late. The request waits in the kernel
/// after a request in progress.
#[test]
fn what_was_sent_before_the_drain_is_no_latecomer() {
    for mut server in servers!("http idle=0") {
        let mut client = server.busy("/slow-large");
        server.freeze();
        client.get("/named/early");
        server.terminate_and_thaw();
        server.drains();
        server.go();
        assert_eq!(client.outcome(), Outcome::Answered);
        assert_eq!(client.outcome(), Outcome::AnsweredLast);
        client.closed();
        server.stopped().exited(0);
    }
}
