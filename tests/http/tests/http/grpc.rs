//! gRPC with a tonic client and a tonic server: a response stream outlives the start of the stop.

use http::uri::PathAndQuery;
use lifecycle_http_tests::service::Raw;
use lifecycle_http_tests::{Fixture, Server, cut_off, servers};
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};

async fn client(server: &Server) -> Grpc<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.socket_address())).expect("an address");
    Grpc::new(endpoint.connect().await.expect("it listens"))
}

/// Starts a call, receives its first message, and leaves it waiting for the second.
async fn counting(server: &mut Server, client: &mut Grpc<Channel>) -> Streaming<Vec<u8>> {
    client.ready().await.expect("it is connected");
    let path = PathAndQuery::from_static("/test.Counter/Count");
    let answers = client.server_streaming(Request::new(b"count".to_vec()), path, Raw).await;
    let mut answers = answers.expect("an answer").into_inner();
    assert_eq!(answers.message().await.expect("a message"), Some(b"one".to_vec()));
    server.wait_for("at work: /test.Counter/Count");
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_of_answers_goes_on_over_the_stop() {
    for mut server in servers!("http idle=0") {
        let mut client = client(&server).await;
        let mut answers = counting(&mut server, &mut client).await;
        let mut half = server.half_a_head();
        server.terminate();
        // A connection without work has at most 1 s, and this call outlives it.
        half.closed();
        server.go();
        assert_eq!(answers.message().await.expect("a message"), Some(b"two".to_vec()));
        assert_eq!(answers.message().await.expect("a message"), Some(b"three".to_vec()));
        assert_eq!(answers.message().await.expect("a clean end"), None);
        assert!(answers.trailers().await.expect("they came").is_some());
        server.stopped().exited(0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_that_never_ends_is_cut_and_named() {
    for mut server in servers!("http", |program| program.grace("2s")) {
        let mut client = client(&server).await;
        let mut answers = counting(&mut server, &mut client).await;
        server.terminate();
        answers.message().await.expect_err("it was cut off");
        cut_off(&server.stopped(), &["http", "the response to `POST /test.Counter/Count` is being sent"]);
    }
}

/// A client that has received the GOAWAY opens a new connection. The kernel refuses the connection, and no
/// call is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn calls_one_after_another_are_answered_or_nobody_listens() {
    for mut server in servers!("http") {
        let mut client = client(&server).await;
        let mut answered = 0;
        let ended = loop {
            if answered == 20 {
                server.terminate();
            }
            let said = async {
                client.ready().await.map_err(|error| tonic::Status::from_error(error.into()))?;
                let path = PathAndQuery::from_static("/test.Counter/Say");
                client.unary::<_, Vec<u8>, _>(Request::new(b"hello".to_vec()), path, Raw).await
            };
            match said.await {
                Ok(answer) => assert_eq!(answer.into_inner(), b"hello"),
                Err(status) => break status,
            }
            answered += 1;
        };
        assert!(answered >= 20, "{ended:?}");
        // The kernel refused the connection, and the server did not reset it.
        let why = format!("{ended:?}");
        assert!(ended.code() == tonic::Code::Unavailable && why.contains("ConnectionRefused"), "{why}");
        server.stopped().exited(0);
    }
}
