//! The ticker, and how its streams end.

mod service;
#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic, clippy::restriction, missing_docs, unreachable_pub, reason = "generated")]
#[path = "../grpc/ticker_v1.rs"]
mod ticker_v1;

use service::{Service, soon};
use ticker_v1::ticker_client::TickerClient;
use ticker_v1::{Price, TakeRequest, WatchRequest};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Long enough to look around in.
const LAME_DUCK: &str = "1s";

async fn connect(ticker: &Service) -> Channel {
    let endpoint = Endpoint::from_shared(ticker.address.clone()).expect("it is a URL");
    soon("a connection", endpoint.connect()).await.expect("the doors are open")
}

async fn next<T>(stream: &mut Streaming<T>) -> Result<Option<T>, Status> {
    soon("a message", stream.message()).await
}

/// Both the server as a whole, and the service.
fn questions() -> [HealthCheckRequest; 2] {
    ["", "ticker.v1.Ticker"].map(|service| HealthCheckRequest { service: service.to_owned() })
}

async fn healths(channel: &Channel) -> Vec<Streaming<HealthCheckResponse>> {
    let mut watched = Vec::new();
    for question in questions() {
        let answer = HealthClient::new(channel.clone()).watch(question).await;
        watched.push(answer.expect("it knows the service").into_inner());
    }
    watched
}

async fn status(watched: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    next(watched).await.expect("the watch goes on").expect("the watch goes on").status()
}

#[tokio::test]
async fn a_stream_with_an_end_finishes_and_one_without_is_told() {
    let ticker = Service::start("grpc", &[("LIFECYCLE_LAME_DUCK", "0s")]).await;
    let mut client = TickerClient::new(connect(&ticker).await);
    // 40 prices are 800 ms: the signal comes in the midst of them.
    let mut taken = client.take(TakeRequest { prices: 40 }).await.expect("it serves").into_inner();
    let mut watched = client.watch(WatchRequest {}).await.expect("it serves").into_inner();
    let Price { number: first, .. } = next(&mut taken).await.expect("it serves").expect("a price");
    next(&mut watched).await.expect("it serves").expect("a price");
    ticker.terminate();

    let told = loop {
        match next(&mut watched).await {
            Ok(price) => assert!(price.is_some(), "the end without a status"),
            Err(status) => break status,
        }
    };
    assert_eq!(
        (told.code(), told.message()),
        (Code::Unavailable, "the service is stopping: watch elsewhere")
    );
    let mut numbers = vec![first];
    while let Some(price) = next(&mut taken).await.expect("it goes on to its end") {
        numbers.push(price.number);
    }
    assert_eq!(numbers, (first..first + 40).collect::<Vec<_>>());
    let (status, stderr) = ticker.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[tokio::test]
async fn health_says_not_serving_during_the_lame_duck_while_everything_works() {
    let ticker = Service::start("grpc", &[("LIFECYCLE_LAME_DUCK", LAME_DUCK)]).await;
    let channel = connect(&ticker).await;
    let mut watched = healths(&channel).await;
    for watched in &mut watched {
        assert_eq!(status(watched).await, ServingStatus::Serving);
    }
    ticker.terminate();
    for watched in &mut watched {
        assert_eq!(status(watched).await, ServingStatus::NotServing);
    }
    // On a connection of its own, since that is how a load balancer asks.
    let later = connect(&ticker).await;
    for question in questions() {
        let answer = HealthClient::new(later.clone()).check(question).await.expect("it answers");
        assert_eq!(answer.get_ref().status(), ServingStatus::NotServing);
    }
    let prices = TickerClient::new(later).take(TakeRequest { prices: 1 }).await.expect("it serves");
    next(&mut prices.into_inner()).await.expect("it serves").expect("a price");

    // At its end the watches end too: they do not hold up the drain.
    for watched in &mut watched {
        assert!(next(watched).await.expect("an end in order").is_none());
    }
    let (status, stderr) = ticker.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}
