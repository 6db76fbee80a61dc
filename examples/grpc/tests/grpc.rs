//! The ticker, and the end of its streams.

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    missing_docs,
    unreachable_pub,
    reason = "the code is generated"
)]
mod ticker_v1 {
    tonic::include_proto!("ticker.v1");
}

use harness::{Service, soon};
use ticker_v1::ticker_client::TickerClient;
use ticker_v1::{Price, TakeRequest, WatchRequest};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

const TICKER: &str = env!("CARGO_BIN_EXE_grpc");

/// The time in which the test asks its questions.
const LAME_DUCK: &str = "1s";

async fn connect(ticker: &Service) -> Channel {
    let endpoint = Endpoint::from_shared(ticker.address.clone()).expect("the service prints a URL");
    soon("a connection", endpoint.connect()).await.expect("the service listens")
}

async fn next<T>(stream: &mut Streaming<T>) -> Result<Option<T>, Status> {
    soon("a message", stream.message()).await
}

/// Asks for the health of the server, and of the ticker.
fn questions() -> [HealthCheckRequest; 2] {
    ["", "ticker.v1.Ticker"].map(|service| HealthCheckRequest { service: service.to_owned() })
}

async fn healths(channel: &Channel) -> Vec<Streaming<HealthCheckResponse>> {
    let mut watched = Vec::new();
    for question in questions() {
        let answer = HealthClient::new(channel.clone()).watch(question).await;
        watched.push(answer.expect("the service is known").into_inner());
    }
    watched
}

async fn status(watched: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    next(watched).await.expect("the watch goes on").expect("the watch goes on").status()
}

#[tokio::test]
async fn a_stream_with_an_end_finishes_and_one_without_is_told() {
    let mut ticker = Service::start(TICKER, &[], &[("LIFECYCLE_LAME_DUCK", "0s")]).await;
    let mut client = TickerClient::new(connect(&ticker).await);
    // 40 prices take 800 ms, so the signal arrives in between.
    let mut taken = client.take(TakeRequest { prices: 40 }).await.expect("the ticker serves").into_inner();
    let mut watched = client.watch(WatchRequest {}).await.expect("the ticker serves").into_inner();
    let Price { number: first, .. } = next(&mut taken).await.expect("the ticker serves").expect("a price");
    next(&mut watched).await.expect("the ticker serves").expect("a price");
    ticker.terminate();

    let status = loop {
        match next(&mut watched).await {
            Ok(price) => assert!(price.is_some(), "the stream ended without a status"),
            Err(status) => break status,
        }
    };
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "the service is stopping: watch another one")
    );
    let mut numbers = vec![first];
    while let Some(price) = next(&mut taken).await.expect("the stream continues") {
        numbers.push(price.number);
    }
    assert_eq!(numbers, (first..first + 40).collect::<Vec<_>>());
    let (status, stderr) = ticker.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[tokio::test]
async fn health_says_not_serving_during_the_lame_duck_while_everything_works() {
    let mut ticker = Service::start(TICKER, &[], &[("LIFECYCLE_LAME_DUCK", LAME_DUCK)]).await;
    let channel = connect(&ticker).await;
    let mut watched = healths(&channel).await;
    for watched in &mut watched {
        assert_eq!(status(watched).await, ServingStatus::Serving);
    }
    ticker.terminate();
    for watched in &mut watched {
        assert_eq!(status(watched).await, ServingStatus::NotServing);
    }
    // A load balancer asks on a new connection.
    let later = connect(&ticker).await;
    for question in questions() {
        let answer =
            HealthClient::new(later.clone()).check(question).await.expect("the health check answers");
        assert_eq!(answer.get_ref().status(), ServingStatus::NotServing);
    }
    let prices = TickerClient::new(later).take(TakeRequest { prices: 1 }).await.expect("the ticker serves");
    next(&mut prices.into_inner()).await.expect("the ticker serves").expect("a price");

    // The watches have ended at the notice, so the drain does not wait for them.
    for watched in &mut watched {
        assert!(next(watched).await.expect("the watch ends without an error").is_none());
    }
    let (status, stderr) = ticker.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}
