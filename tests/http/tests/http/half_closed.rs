//! A client that closes its sending side after its requests receives every response (RFC 9112, section 9.6): while the
//! service runs, in the accept queue at the signal, in the lame duck, and in the drain (R18).

use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use lifecycle_http_tests::{Client, Fixture, Outcome, PATIENCE, Server, get, program, servers, start};

/// A client, and its socket.
struct Halved {
    client: Client,
    socket: TcpStream,
}

impl Halved {
    #[track_caller]
    fn connect(server: &Server) -> Halved {
        let socket = TcpStream::connect(server.socket_address()).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket.set_nodelay(true).expect("a socket");
        let client = Client::over(socket.try_clone().expect("a descriptor is free"));
        Halved { client, socket }
    }

    /// Sends `bytes`, and closes the sending side.
    #[track_caller]
    fn send_last(&mut self, bytes: &[u8]) {
        self.client.send(bytes);
        self.socket.shutdown(Shutdown::Write).expect("a socket");
    }

    /// Requires that each of the `bodies` arrives, and that the server closes after them.
    #[track_caller]
    fn receives(&mut self, bodies: &[&str]) {
        for body in bodies {
            let answer = self.client.response();
            assert_eq!((answer.status, String::from_utf8_lossy(&answer.body).as_ref()), (200, *body));
        }
        self.client.closed();
    }
}

/// The last bytes that a client sends, and the bodies of the responses.
fn kinds() -> Vec<(Vec<u8>, Vec<&'static str>)> {
    let post = |body: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\n{body}").into_bytes();
    vec![
        (get("/named/a"), vec!["a"]),
        (b"GET /named/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_vec(), vec!["a"]),
        (b"GET /named/a HTTP/1.0\r\n\r\n".to_vec(), vec!["a"]),
        (b"GET /named/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_vec(), vec!["a"]),
        (b"\r\nGET http://a/named/a HTTP/1.1\nHost:     a\n\n".to_vec(), vec!["a"]),
        (post("Content-Length: 5\r\n\r\nhello"), vec!["hello"]),
        (post("Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: x\r\n\r\n"), vec!["hello"]),
        (
            [get("/named/a"), post("Content-Length: 1\r\n\r\nb"), get("/named/c")].concat(),
            vec!["a", "b", "c"],
        ),
        (
            [post("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"), get("/named/b")].concat(),
            vec!["a", "b"],
        ),
    ]
}

/// Requires that every kind of client is answered. `before` runs after the clients have connected, and `after` when they
/// have sent.
#[track_caller]
fn all_are_answered(server: &mut Server, before: impl FnOnce(&mut Server), after: impl FnOnce(&mut Server)) {
    let mut clients: Vec<_> = kinds().iter().map(|_| Halved::connect(server)).collect();
    before(server);
    for (client, (bytes, _)) in clients.iter_mut().zip(kinds()) {
        client.send_last(&bytes);
    }
    after(server);
    for (client, (_, bodies)) in clients.iter_mut().zip(kinds()) {
        client.receives(&bodies);
    }
}

#[test]
fn a_half_closed_client_is_answered_while_the_service_runs() {
    for mut server in servers!("http") {
        all_are_answered(&mut server, |_| {}, |_| {});
        server.stop().exited(0).not_reported("note:");
    }
}

#[test]
fn a_half_closed_client_in_the_accept_queue_at_the_signal_is_answered() {
    for mut server in servers!("http idle=0") {
        server.freeze();
        all_are_answered(
            &mut server,
            |_| {},
            |server| {
                server.terminate_and_thaw();
            },
        );
        server.stopped().exited(0).not_reported("note:");
    }
}

#[test]
fn a_half_closed_client_is_answered_in_the_lame_duck() {
    for mut server in servers!("http", |program| program.lame_duck("10s")) {
        server.terminate_and_stop();
        all_are_answered(&mut server, |_| {}, |_| {});
    }
}

/// The clients have connected before the drain, which keeps a connection open for its first byte.
#[test]
fn a_half_closed_client_is_answered_in_the_drain() {
    for mut server in servers!("http idle=5000") {
        let stop = |server: &mut Server| {
            server.terminate_and_drain();
        };
        all_are_answered(&mut server, stop, |_| {});
        server.stopped().exited(0).not_reported("note:");
    }
}

/// The server learns of the closed side while handlers work, before the signal and after it.
#[test]
fn a_request_in_progress_is_answered_although_the_client_has_closed_its_side() {
    for mut server in servers!("http idle=0") {
        let paths: Vec<String> = (0..8).map(|at| format!("/wait/{at}")).collect();
        let mut clients: Vec<_> = paths.iter().map(|_| Halved::connect(&server)).collect();
        for (client, path) in clients.iter_mut().zip(&paths) {
            client.client.get(path);
            server.wait_for(&format!("at work: {path}"));
        }
        let pipelined = get("/named/behind");
        // Before the signal: two with nothing, two with a further request.
        for (at, client) in clients[..4].iter_mut().enumerate() {
            client.send_last(if at < 2 { b"" } else { &pipelined });
        }
        server.connect_and_use();
        server.terminate_and_drain();
        for client in &mut clients[4..] {
            client.send_last(b"");
        }
        server.go();
        for (at, client) in clients.iter_mut().enumerate() {
            let waited = at.to_string();
            let bodies = [waited.as_str(), "behind"];
            client.receives(if (2..4).contains(&at) { &bodies } else { &bodies[..1] });
        }
        server.stopped().exited(0).not_reported("note:");
    }
}

#[test]
fn a_large_response_reaches_a_half_closed_client() {
    for mut server in servers!("http") {
        let mut client = Halved::connect(&server);
        client.send_last(&get("/large"));
        assert_eq!(client.client.head().status, 200);
        server.terminate();
        let mut length = 0;
        while let Some(chunk) = client.client.chunk() {
            length += chunk.len();
        }
        assert_eq!(length, 64 << 20);
        client.client.closed();
        server.stopped().exited(0);
    }
}

/// Such a client sends no rest of its request, so the drain does not wait for it.
#[test]
fn a_half_closed_client_without_a_whole_request_does_not_hold_up_the_drain() {
    for mut server in servers!("http idle=0") {
        let mut clients = [Halved::connect(&server), Halved::connect(&server), Halved::connect(&server)];
        server.freeze();
        for (client, bytes) in clients.iter_mut().zip([
            &b""[..],
            b"GET / HT",
            b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",
        ]) {
            client.send_last(bytes);
        }
        server.terminate_and_thaw();
        for client in &mut clients {
            client.client.gone();
        }
        server.stopped().exited(0).not_reported("note:").within(Duration::ZERO);
    }
}

/// The price of the default. A client that is gone looks as one that has closed its sending side.
#[test]
fn the_handler_of_a_client_that_is_gone_works_to_its_end() {
    for mut server in servers!("http") {
        let client = server.busy("/lingers/on");
        drop(client);
        server.terminate_and_drain();
        server.go();
        server.wait_for("dropped");
        server.stopped().exited(0);
    }
}

#[test]
fn the_handler_of_a_half_closed_client_is_dropped_where_that_is_wished() {
    for mut server in servers!("http cut_half_closed") {
        let mut client = Halved::connect(&server);
        client.client.get("/lingers/on");
        server.wait_for("at work: /lingers/on");
        client.send_last(b"");
        server.wait_for("dropped");
        assert_eq!(client.client.outcome(), Outcome::Empty);
        server.stop().exited(0);
    }
}

/// Reading on for the client's end does not lose pipelined requests.
#[test]
fn pipelined_requests_are_answered_where_a_half_closed_client_is_cut() {
    let mut server = start(program!("http_multi", "http cut_half_closed"));
    let mut client = server.busy("/wait/first");
    client.get("/named/second");
    // The server has read the second request when it answers a later connection.
    server.connect_and_use();
    server.terminate_and_drain();
    server.go();
    assert_eq!(client.response().body, b"first");
    assert_eq!(client.response().body, b"second");
    client.closed();
    server.stopped().exited(0);
}
