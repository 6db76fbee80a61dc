//! A gRPC service with streams that end in order.
//!
//! ```text
//! cargo run -p grpc                           # serves on a free port
//! grpcurl -plaintext -import-path examples/grpc/proto -proto ticker.proto -d '{}' 127.0.0.1:PORT ticker.v1.Ticker/Watch
//! ```
//!
//! When the stop begins, the health check answers `NOT_SERVING`. During the lame duck of 2 s all else works as before.
//! Then the listener closes. The drain waits for a stream that has an end. A stream without an end stops by itself, with
//! the status `UNAVAILABLE`. `ticker.rs` has both kinds of streams, and `health.rs` has the health check.
//!
//! `build.rs` generates the code for `proto/ticker.proto`, without `protoc`.

mod health;
mod ticker;
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

use ticker_v1::ticker_server::TickerServer;
use tonic::service::Routes;

#[lifecycle::main(grace = "20s", lame_duck = "2s")]
async fn main() -> std::io::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<TickerServer<ticker::Market>>().await;
    lifecycle::spawn(health::report(reporter));

    // tonic's services without its server are a tower service.
    let routes = Routes::new(health).add_service(TickerServer::new(ticker::Market::open()));
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, routes).await
}
