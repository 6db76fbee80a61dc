//! Streaming responses, upgrades and panics are in flight until they end (R19).

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use lifecycle_http_tests::{Client, Fixture, Outcome, Server, cut_off, servers};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

#[test]
fn a_stream_that_hears_the_stop_says_goodbye() {
    for mut server in servers!("http") {
        let mut client = server.connect();
        client.get("/events").head();
        assert_eq!(client.chunk().as_deref(), Some(&b"event"[..]));
        server.terminate();
        let last = loop {
            match client.chunk() {
                Some(chunk) if chunk == b"event" => {}
                other => break other,
            }
        };
        assert_eq!(last.as_deref(), Some(&b"bye"[..]));
        assert_eq!(client.chunk(), None);
        client.closed();
        server.stopped().exited(0);
    }
}

#[test]
fn a_stream_is_in_flight_until_it_ends() {
    for mut server in servers!("http idle=0") {
        let mut client = server.connect();
        client.get("/slow-large").head();
        server.wait_for("at work: /slow-large");
        let mut half = server.half_a_head();
        server.terminate();
        // The stream outlives the 1 s that a connection without work has.
        half.closed();
        server.go();
        assert_eq!(client.chunk().as_deref(), Some(&b"start"[..]));
        assert_eq!(client.chunk().as_deref(), Some(&b"end"[..]));
        assert_eq!(client.chunk(), None);
        client.closed();
        server.stopped().exited(0);
    }
}

#[test]
fn a_stream_that_never_ends_is_cut_and_named() {
    for server in servers!("http", |program| program.grace("2s")) {
        let mut client = server.connect();
        client.get("/endless").head();
        assert!(client.chunk().is_some());
        cut_off(&server.stop(), &["http", "the response to `GET /endless` is being sent"]);
    }
}

async fn websocket(server: &Server, path: &str) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(server.socket_address()).await.expect("it listens");
    let url = format!("ws://test{path}");
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("a WebSocket");
    echo(&mut socket).await;
    socket
}

async fn echo(socket: &mut WebSocketStream<TcpStream>) {
    socket.send(Message::text("hello")).await.expect("it is open");
    assert_eq!(socket.next().await.expect("it is open").expect("a message"), Message::text("hello"));
}

#[tokio::test]
async fn a_websocket_hears_the_stop_and_says_goodbye() {
    for mut server in servers!("http") {
        let mut socket = websocket(&server, "/ws").await;
        server.terminate();
        match socket.next().await {
            Some(Ok(Message::Close(Some(goodbye)))) => assert_eq!(goodbye.code, CloseCode::Away),
            other => panic!("expected a goodbye: {other:?}"),
        }
        // The client library replies to the close message, and the stream ends.
        while socket.next().await.is_some() {}
        server.stopped().exited(0);
    }
}

#[tokio::test]
async fn a_websocket_is_in_flight_until_it_ends() {
    for mut server in servers!("http idle=0") {
        let mut socket = websocket(&server, "/ws/deaf").await;
        let mut half = server.half_a_head();
        server.terminate();
        // The upgraded connection outlives the 1 s that a connection without work has.
        half.closed();
        echo(&mut socket).await;
        socket.close(None).await.expect("it is open");
        while socket.next().await.is_some() {}
        server.stopped().exited(0);
    }
}

#[tokio::test]
async fn a_websocket_that_never_ends_is_cut_and_named() {
    for mut server in servers!("http", |program| program.grace("2s")) {
        let mut socket = websocket(&server, "/ws/deaf").await;
        server.terminate();
        // The server cuts the connection without a close message.
        assert!(!matches!(socket.next().await, Some(Ok(_))));
        cut_off(&server.stopped(), &["http", "upgraded by `GET /ws/deaf`"]);
    }
}

#[track_caller]
fn tunnel(server: &Server) -> Client {
    let mut client = server.connect();
    client.send(b"CONNECT elsewhere:80 HTTP/1.1\r\nHost: elsewhere:80\r\n\r\n");
    assert_eq!(client.head().status, 200);
    client.send(b"hello");
    assert_eq!(client.bytes(5), b"hello");
    client
}

#[test]
fn a_tunnel_is_in_flight_until_it_ends() {
    for mut server in servers!("http idle=0") {
        let mut client = tunnel(&server);
        server.terminate_and_drain();
        std::thread::sleep(Duration::from_millis(1100));
        client.send(b"hello");
        assert_eq!(client.bytes(5), b"hello");
        drop(client);
        server.stopped().exited(0);
    }
}

#[test]
fn a_tunnel_that_never_ends_is_cut_and_named() {
    for mut server in servers!("http", |program| program.grace("2s")) {
        let mut client = tunnel(&server);
        server.terminate();
        client.gone();
        cut_off(&server.stopped(), &["http", "upgraded by `CONNECT elsewhere:80`"]);
    }
}

#[test]
fn a_panic_in_a_handler_during_the_stop_is_70() {
    for mut server in servers!("http") {
        let mut client = server.busy("/panic/now");
        let mut busy = server.at_work(1);
        server.terminate_and_drain();
        server.tell("go /panic/now");
        assert_eq!(client.outcome(), Outcome::Empty);
        // Other connections are still answered.
        server.go();
        assert_eq!(busy[0].outcome(), Outcome::AnsweredLast);
        server.stopped().exited(70);
    }
}

/// The value has no effect before the stop.
#[test]
fn a_panic_in_a_handler_before_the_stop_is_no_failure_of_the_stop() {
    for mut server in servers!("http") {
        let mut client = server.busy("/panic/now");
        server.go();
        assert_eq!(client.outcome(), Outcome::Empty);
        server.connect_and_use();
        server.stop().exited(0);
    }
}
