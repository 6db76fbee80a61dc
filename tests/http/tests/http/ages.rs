//! An HTTP/2 connection that has reached its `max_connection_age`, while the service goes on.

use std::time::{Duration, Instant};

use lifecycle_http_tests::{Fixture, Hearing, Http2, PATIENCE, servers};
use tokio::time::timeout;

// The test waits for the child in blocking calls, so a worker thread polls the connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn streams_in_flight_at_the_age_finish_behind_two_goaways() {
    for mut server in servers!("http age=300") {
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answers = connection.ten_at_work(&mut server).await;
        connection.ten_finish(&mut server, answers).await;
        // The service goes on.
        let again = Http2::used(&server, Hearing::All).await;
        drop(again);
        server.stop().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_that_crossed_the_goaway_of_the_age_is_served() {
    for server in servers!("http age=300") {
        let mut connection = Http2::used(&server, Hearing::NoGoaway).await;
        connection.goaways(1).await;
        // The client has not received a GOAWAY.
        let answer = connection.ask("/").await;
        assert_eq!(Http2::body(answer).await.0.status(), 200);
        drop(connection);
        server.stop().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_idle_connection_at_its_age_closes_after_its_goaways() {
    for server in servers!("http age=300") {
        let connection = Http2::used(&server, Hearing::All).await;
        connection.goaways(2).await;
        connection.closed().await;
        server.stop().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_is_cut_off_at_the_end_of_the_grace_of_the_age() {
    for mut server in servers!("http age=300 age_grace=300") {
        let begun = Instant::now();
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answer = connection.ask("/wait/long").await;
        server.wait_for("at work: /wait/long");
        assert_eq!(connection.goaways(2).await, [Http2::ANY, 1]);
        timeout(PATIENCE, answer).await.expect("it is cut off").expect_err("a broken stream");
        // Nine tenths of the age, and the grace.
        assert!(begun.elapsed() >= Duration::from_millis(270 + 300), "{:?}", begun.elapsed());
        connection.closed().await;
        // It is not in flight any more.
        server.stop().exited(0).not_reported("note:");
    }
}

/// A request in progress is never cut before the end of the drain (R18).
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_drain_lifts_the_grace_of_the_age() {
    for mut server in servers!("http age=100 age_grace=1000") {
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answer = connection.ask("/wait/long").await;
        server.wait_for("at work: /wait/long");
        connection.goaways(2).await;
        server.terminate_and_drain();
        // The grace of the age would have ended by now. A server in another process has no clock to pause.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        server.go();
        assert_eq!(Http2::body(answer).await.0.status(), 200);
        connection.closed().await;
        server.stopped().exited(0).not_reported("note:");
    }
}
