//! An HTTP/2 connection that has reached its `max_connection_age`, while the service goes on.

use std::time::{Duration, Instant};

use lifecycle_http_tests::{Hearing, Http2, PATIENCE, Server, both_flavours};
use tokio::time::timeout;

/// Waits until the server has sent `count` GOAWAYs.
async fn goaways(connection: &Http2, count: usize) -> Vec<u32> {
    let until = Instant::now() + PATIENCE;
    loop {
        let seen = connection.overheard.goaways.seen();
        if seen.len() >= count {
            return seen;
        }
        assert!(Instant::now() < until, "{seen:?}");
        tokio::task::yield_now().await;
    }
}

// The test waits for the child in blocking calls, so a worker thread polls the connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn streams_in_flight_at_the_age_finish_behind_two_goaways() {
    for program in both_flavours!("http age=300") {
        let mut server = Server::start(program);
        let mut connection = Http2::open(&server, Hearing::All).await;
        let mut answers = Vec::new();
        for at in 0..10 {
            answers.push(connection.ask(&format!("/wait/{at}")).await);
        }
        for at in 0..10 {
            server.child.wait_for(&format!("at work: /wait/{at}"));
        }
        // The streams of a client have odd numbers, starting at 1.
        assert_eq!(goaways(&connection, 2).await, [Http2::ANY, 19]);
        server.go();
        for (at, answer) in answers.into_iter().enumerate() {
            let (head, body) = Http2::body(answer).await;
            assert_eq!((head.status().as_u16(), body), (200, at.to_string().into_bytes()));
        }
        connection.closed().await;
        // The service goes on.
        let again = Http2::used(&server, Hearing::All).await;
        drop(again);
        server.stop();
        server.stopped().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_that_crossed_the_goaway_of_the_age_is_served() {
    for program in both_flavours!("http age=300") {
        let mut server = Server::start(program);
        let mut connection = Http2::used(&server, Hearing::NoGoaway).await;
        goaways(&connection, 1).await;
        // The client has not received a GOAWAY.
        let answer = connection.ask("/").await;
        assert_eq!(Http2::body(answer).await.0.status(), 200);
        drop(connection);
        server.stop();
        server.stopped().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_idle_connection_at_its_age_closes_after_its_goaways() {
    for program in both_flavours!("http age=300") {
        let mut server = Server::start(program);
        let connection = Http2::used(&server, Hearing::All).await;
        goaways(&connection, 2).await;
        connection.closed().await;
        server.stop();
        server.stopped().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_is_cut_off_at_the_end_of_the_grace_of_the_age() {
    for program in both_flavours!("http age=300 age_grace=300") {
        let mut server = Server::start(program);
        let begun = Instant::now();
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answer = connection.ask("/wait/long").await;
        server.child.wait_for("at work: /wait/long");
        assert_eq!(goaways(&connection, 2).await, [Http2::ANY, 1]);
        timeout(PATIENCE, answer).await.expect("it is cut off").expect_err("a broken stream");
        // Nine tenths of the age, and the grace.
        assert!(begun.elapsed() >= Duration::from_millis(270 + 300), "{:?}", begun.elapsed());
        connection.closed().await;
        // It is not in flight any more.
        server.stop();
        server.stopped().exited(0).not_reported("note:");
    }
}

/// A request in progress is never cut before the end of the drain (R18).
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_drain_lifts_the_grace_of_the_age() {
    for program in both_flavours!("http age=100 age_grace=1000") {
        let mut server = Server::start(program);
        let mut connection = Http2::open(&server, Hearing::All).await;
        let answer = connection.ask("/wait/long").await;
        server.child.wait_for("at work: /wait/long");
        goaways(&connection, 2).await;
        server.stop();
        server.drains();
        // The grace of the age would have ended by now. A server in another process has no clock to pause.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        server.go();
        assert_eq!(Http2::body(answer).await.0.status(), 200);
        connection.closed().await;
        server.stopped().exited(0).not_reported("note:");
    }
}
