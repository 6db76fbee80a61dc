//! HTTP/2 sends GOAWAY in two steps, so that requests that crossed the first GOAWAY are answered.

use std::time::{Duration, Instant};

use lifecycle_http_tests::{Fixture, Hearing, Http2, PATIENCE, cut_off, servers};
use tokio::time::timeout;

// The test waits for the child in blocking calls, so a worker thread polls the connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn streams_in_flight_finish_behind_two_goaways() {
    for mut server in servers!("http idle=0") {
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answers = connection.ten_at_work(&mut server).await;
        server.terminate_and_drain();
        connection.ten_finish(&mut server, answers).await;
        server.stopped().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_that_crossed_the_goaway_is_served() {
    for mut server in servers!("http idle=0") {
        let mut connection = Http2::used(&server, Hearing::NoGoaway).await;
        server.terminate();
        connection.goaways(1).await;
        // The client has not received a GOAWAY.
        let answer = connection.ask("/").await;
        assert_eq!(Http2::body(answer).await.0.status(), 200);
        drop(connection);
        server.stopped().exited(0);
    }
}

/// The kernel holds a stream on a connection that the runtime has not polled.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_in_the_kernel_at_the_signal_is_served() {
    for mut server in servers!("http idle=0") {
        let mut known = Http2::used(&server, Hearing::All).await;
        server.freeze();
        let mut new = Http2::open(&server, Hearing::All).await;
        let answers = [known.ask("/").await, new.ask("/").await];
        // The clients write in background tasks.
        timeout(PATIENCE, known.overheard.requests.wait_for(2)).await.expect("it is sent");
        timeout(PATIENCE, new.overheard.requests.wait_for(1)).await.expect("it is sent");
        server.terminate_and_thaw();
        for answer in answers {
            assert_eq!(Http2::body(answer).await.0.status(), 200);
        }
        known.closed().await;
        new.closed().await;
        server.stopped().exited(0).not_reported("note:");
    }
}

/// The client vanishes and never replies to the ping that follows the GOAWAY.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_idle_connection_that_never_says_pong_is_gone_after_a_second() {
    for mut server in servers!("http idle=0") {
        let connection = Http2::used(&server, Hearing::NoGoaway).await;
        server.terminate();
        connection.closed().await;
        server.stopped().exited(0).not_before(Duration::from_secs(1)).within(Duration::from_secs(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_goes_on_a_second_after_the_goaway_is_refused() {
    for mut server in servers!("http idle=0") {
        let mut connection = Http2::open(&server, Hearing::NoGoaway).await;
        let busy = connection.ask("/wait/busy").await;
        server.wait_for("at work: /wait/busy");
        server.terminate_and_drain();
        // The server answers the client for 1 s.
        let until = Instant::now() + PATIENCE;
        let head = loop {
            let plain = connection.ask("/").await;
            let (head, _) = Http2::body(plain).await;
            if head.status() != 200 {
                break head;
            }
            assert!(Instant::now() < until, "it is served for ever");
        };
        assert_eq!((head.status().as_u16(), &head.headers()["retry-after"]), (503, &"1".parse().unwrap()));
        let kind = [(http::header::CONTENT_TYPE, "application/grpc".parse().unwrap())];
        let grpc = connection.ask_with("/test.Counter/Say", kind.into_iter().collect()).await;
        let (head, _) = Http2::body(grpc).await;
        assert_eq!((head.status().as_u16(), &head.headers()["grpc-status"]), (200, &"14".parse().unwrap()));
        server.go();
        assert_eq!(Http2::body(busy).await.1, b"busy");
        server.stopped().exited(0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn streams_that_never_end_are_cut_and_named() {
    for mut server in servers!("http", |program| program.grace("2s")) {
        let mut connection = Http2::open(&server, Hearing::All).await;
        let _first = connection.ask("/wait/one").await;
        let _second = connection.ask("/wait/two").await;
        server.wait_for("at work: /wait/two");
        server.terminate();
        connection.closed().await;
        cut_off(&server.stopped(), &["http", "`GET /wait/", " and 1 other stream"]);
    }
}

/// A handler of HTTP/2 has a separate task, and a handler of HTTP/1.1 does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_panic_in_a_stream_during_the_stop_is_70() {
    for mut server in servers!("http idle=0") {
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answer = connection.ask("/panic/now").await;
        server.wait_for("at work: /panic/now");
        server.terminate_and_drain();
        server.go();
        timeout(PATIENCE, answer).await.expect("in time").expect_err("there is no answer");
        server.stopped().exited(70).reported(&["tracked tasks that panicked: 1"]);
    }
}

/// The client vanishes. The drain waits for one ping time-out, not until its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_of_a_dead_client_does_not_last_as_long_as_the_drain() {
    for mut server in servers!("http idle=0 pings=200 pongs=200", |program| program.grace("1200s")) {
        let mut connection = Http2::open(&server, Hearing::NoGoaway).await;
        let _answer = connection.ask("/wait/busy").await;
        server.wait_for("at work: /wait/busy");
        server.terminate();
        connection.closed().await;
        server.stopped().exited(0);
    }
}

/// The stream takes longer than the time-out of a dead client.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_of_a_client_that_says_pong_is_kept() {
    for mut server in servers!("http idle=0 pings=100 pongs=2000", |program| program.grace("1200s")) {
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answer = connection.ask("/wait/busy").await;
        server.wait_for("at work: /wait/busy");
        server.terminate_and_drain();
        // The server sends one PING every 100 ms.
        let pongs = connection.overheard.pongs.count() + 25;
        timeout(PATIENCE, connection.overheard.pongs.wait_for(pongs)).await.expect("it is asked");
        server.go();
        assert_eq!(Http2::body(answer).await.1, b"busy");
        connection.closed().await;
        server.stopped().exited(0).not_before(Duration::from_millis(2_300));
    }
}

/// The handler's task learns that its connection has ended after the connection itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_is_in_flight_until_its_handler_is_dropped() {
    for mut server in servers!("http idle=0") {
        let mut connection = Http2::open(&server, Hearing::All).await;
        // Another request ends first. The remaining ones are still in flight.
        let _answer = connection.ask("/lingers/one").await;
        server.wait_for("at work: /lingers/one");
        assert_eq!(Http2::body(connection.ask("/").await).await.1, b"hello");
        server.terminate_and_drain();
        connection.abandon();
        server.stopped().exited(0).said(&["dropped", "served"]);
    }
}
