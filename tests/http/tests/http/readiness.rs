//! R30: what tells a load balancer that an instance is not ready, and what an operator changes of it.

use std::net::SocketAddr;
use std::time::Duration;

use lifecycle_http_tests::{
    Client, Fixture, Hearing, Http2, Outcome, Program, Server, both_flavours, program, servers, start,
};

/// The line by which Envoy learns that this instance is to get no further request.
const FOR_ENVOY: &str = "x-envoy-immediate-health-check-fail: true";

/// Sends a GET on a new connection. Returns the status, and whether the response has the line for Envoy.
#[track_caller]
fn asked(address: SocketAddr, path: &str) -> (u16, bool) {
    let answer = Client::request(address, "GET", path);
    (answer.status, answer.has(FOR_ENVOY))
}

/// Starts a server with a lame duck that no test outlasts.
#[track_caller]
fn lame(program: Program) -> Server {
    start(program.lame_duck("10s"))
}

/// Starts a server whose probes have a port of their own, and returns its address too.
#[track_caller]
fn start_with_port(program: Program) -> (Server, SocketAddr) {
    let mut server = lame(program);
    let probes = server.probes();
    (server, probes)
}

const PATHS: [(&str, u16, u16); 5] = [
    ("/", 200, 200),
    ("/nowhere", 404, 404),
    ("/livez", 200, 200),
    ("/startupz", 200, 200),
    ("/readyz", 200, 503),
];

#[test]
fn each_response_of_the_stop_tells_envoy_and_none_before_it() {
    for mut server in both_flavours!("http").into_iter().map(lame) {
        for (path, before, _) in PATHS {
            assert_eq!(asked(server.socket_address(), path), (before, false), "{path}");
        }
        let mut in_progress = server.at_work(2);
        server.terminate_and_stop();
        for (path, _, after) in PATHS {
            assert_eq!(asked(server.socket_address(), path), (after, true), "{path}");
        }
        server.go();
        for client in &mut in_progress {
            assert!(client.response().has(FOR_ENVOY), "a request that was in progress at the notice");
        }
    }
}

#[tokio::test]
async fn each_response_of_the_stop_tells_envoy_over_http2() {
    let mut server = lame(program!("http_multi", "http"));
    let mut client = Http2::open(&server, Hearing::All).await;
    for (stops, path) in [(false, "/"), (false, "/readyz"), (true, "/"), (true, "/readyz"), (true, "/livez")]
    {
        if stops && path == "/" {
            server.terminate_and_stop();
        }
        let answer = client.ask(path).await;
        let (answer, _) = Http2::body(answer).await;
        let said = answer.headers().get("x-envoy-immediate-health-check-fail");
        assert_eq!(said.map(|value| value == "true"), stops.then_some(true), "{path}");
    }
}

/// The request that comes after the drain has begun is refused, and the refusal tells Envoy.
#[test]
fn the_refusal_of_a_latecomer_tells_envoy() {
    let mut server = start(program!("http_multi", "http idle=0"));
    let mut client = server.found_busy("/slow-large");
    client.get("/named/late");
    server.go();
    assert_eq!(client.outcome(), Outcome::Answered);
    let late = client.response();
    assert_eq!((late.outcome(), late.has(FOR_ENVOY)), (Outcome::Unavailable, true));
    server.stopped().exited(0);
}

/// The health check is on one port, and the traffic on another.
#[test]
fn a_server_tells_envoy_if_the_program_has_probes_on_any_port() {
    let (mut probed, _) = start_with_port(program!("http_multi", "http unprobed probes"));
    let mut unprobed = lame(program!("http_multi", "http unprobed"));
    for (server, tells) in [(&mut probed, true), (&mut unprobed, false)] {
        server.terminate_and_stop();
        assert_eq!(asked(server.socket_address(), "/"), (200, tells));
    }
}

#[test]
fn the_stopping_status_takes_the_place_of_503_and_ends_the_lame_duck_too() {
    let program = program!("http_multi", "http stopping_status=404 early_end");
    let mut server = start(program.grace("1200s").lame_duck("600s"));
    assert_eq!(asked(server.socket_address(), "/readyz").0, 200);
    server.terminate_and_stop();
    assert_eq!(asked(server.socket_address(), "/readyz"), (404, true));
    assert_eq!(asked(server.socket_address(), "/livez").0, 200);
    server.stopped().exited(0).not_before(Duration::from_secs(1));
}

/// A readiness that is drained is not a stop: every request is served, and clients are asked to connect elsewhere.
#[test]
fn an_operator_drains_and_undrains_the_readiness_of_a_running_service() {
    for (mut server, probes) in
        both_flavours!("http probes stopping_status=404").into_iter().map(start_with_port)
    {
        let drained = |method| {
            let answer = Client::request(probes, method, "/drain");
            (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
        };
        let (yes, no) = ((200, "drained\n".to_owned()), (200, "not drained\n".to_owned()));
        assert_eq!(drained("GET"), no);
        for _ in 0..2 {
            let mut kept = server.connect_and_use();
            let mut in_progress = server.at_work(1);
            assert_eq!(drained("PUT"), yes);
            assert_eq!((drained("PUT"), drained("GET")), (yes.clone(), yes.clone()));
            for address in [server.socket_address(), probes] {
                assert_eq!(asked(address, "/readyz"), (404, true));
                assert_eq!((asked(address, "/livez").0, asked(address, "/startupz").0), (200, 200));
            }
            server.go();
            for client in [&mut in_progress[0], kept.get("/"), server.connect().get("/")] {
                let answer = client.response();
                assert_eq!((answer.outcome(), answer.has(FOR_ENVOY)), (Outcome::AnsweredLast, true));
            }
            assert_eq!(drained("DELETE"), no);
            assert_eq!(drained("GET"), no);
            for address in [server.socket_address(), probes] {
                assert_eq!(asked(address, "/readyz"), (200, false));
            }
            assert_eq!(Client::ask_once(server.socket_address(), "/"), Outcome::Answered);
        }
        server.terminate_and_stop();
        assert_eq!(asked(probes, "/readyz"), (404, true));
    }
}

#[test]
fn only_two_methods_change_the_readiness_and_only_where_the_route_is() {
    let (server, probes) = start_with_port(program!("http_multi", "http probes"));
    for method in ["POST", "PATCH", "OPTIONS", "TRACE"] {
        let refused = Client::request(probes, method, "/drain");
        assert_eq!((refused.status, refused.has("allow: get, head, put, delete")), (405, true), "{method}");
        let refused = Client::request(probes, method, "/readyz");
        assert_eq!((refused.status, refused.has("allow: get, head")), (405, true), "{method}");
    }
    for path in ["/drain/", "/drained", "/DRAIN"] {
        assert_eq!(Client::request(probes, "PUT", path).status, 405, "{path}");
    }
    // The port of the service has no such route.
    assert_eq!(Client::request(server.socket_address(), "PUT", "/drain").status, 404);
    assert_eq!(asked(probes, "/readyz"), (200, false));
    assert_eq!(Client::request(probes, "PUT", "/drain?by=me").status, 200);
    assert_eq!(asked(probes, "/readyz"), (503, true));
}

/// The lame duck has its whole length, and an undrain does not end it.
#[test]
fn a_drained_service_stops_as_any_other() {
    let mut server = start(program!("http_multi", "http probes").lame_duck("700ms"));
    let probes = server.probes();
    assert_eq!(Client::request(probes, "PUT", "/drain").status, 200);
    server.terminate_and_stop();
    assert_eq!(Client::request(probes, "DELETE", "/drain").status, 200);
    assert_eq!(asked(probes, "/readyz"), (503, true));
    assert_eq!(Client::ask_once(server.socket_address(), "/"), Outcome::AnsweredLast);
    server.stopped().exited(0).not_before(Duration::from_millis(700)).within(Duration::from_millis(700));
}

/// The load balancer has nowhere else to go, so it is told only when the listener closes.
#[test]
fn the_only_endpoint_stays_ready_until_the_drain() {
    for mut server in servers!("http probes ready_in_lame_duck", |program| program.lame_duck("1s")) {
        let probes = server.probes();
        let _busy = server.at_work(1);
        server.terminate_and_stop();
        for address in [server.socket_address(), probes] {
            assert_eq!(asked(address, "/readyz"), (200, false));
        }
        let answer = Client::request(server.socket_address(), "GET", "/");
        assert_eq!((answer.outcome(), answer.has(FOR_ENVOY)), (Outcome::AnsweredLast, false));
        server.drains();
        assert_eq!(asked(probes, "/readyz"), (503, true));
        server.go();
        server.stopped().exited(0);
    }
}

#[test]
fn the_only_endpoint_can_be_drained_all_the_same() {
    let (mut server, probes) = start_with_port(program!("http_multi", "http probes ready_in_lame_duck"));
    assert_eq!(Client::request(probes, "PUT", "/drain").status, 200);
    assert_eq!(asked(probes, "/readyz"), (503, true));
    server.terminate_and_stop();
    assert_eq!(asked(probes, "/readyz"), (503, true));
    assert_eq!(Client::request(probes, "DELETE", "/drain").status, 200);
    assert_eq!(asked(probes, "/readyz"), (200, false));
}

/// Checks that hang, panic and block: the answer comes in time, and the stop waits for none of them.
#[test]
fn a_check_that_misbehaves_delays_neither_the_answer_nor_the_exit() {
    let programs = [
        (program!("http_multi", "http probes checks=hangs,panics,blocks"), 3),
        // The only thread of this runtime would be blocked.
        (program!("http_current", "http probes checks=hangs,panics"), 2),
    ];
    for (program, checks) in programs {
        let (mut server, probes) = start_with_port(program);
        let mut ready = Client::connect(probes);
        ready.get("/readyz?verbose");
        server.wait_for("asked: panics");
        // Liveness is answered meanwhile, and asks nobody.
        assert_eq!(asked(probes, "/livez"), (200, false));
        let answer = ready.response();
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!((answer.status, body.lines().count()), (503, checks + 1), "{body}");
        assert!(body.contains("[-]hangs failed: no answer within 1 s\n"), "{body}");
        assert!(body.contains("[-]panics failed: the check panicked: no such server\n"), "{body}");
        assert_eq!(body.contains("[-]blocks failed: no answer within 1 s\n"), checks == 3, "{body}");
        // SIGINT skips the lame duck.
        server.signal(libc::SIGINT);
        server.stopped().exited(0).within(Duration::from_secs(1));
    }
}
