//! A gRPC service with streams that end in order.
//!
//! ```text
//! cargo run -p grpc                           # serves on a free port
//! grpcurl -plaintext -import-path examples/grpc/proto -proto ticker.proto -d '{}' 127.0.0.1:PORT ticker.v1.Ticker/Watch
//! ```
//!
//! The probes answer gRPC's health check. When the stop begins, they answer `NOT_SERVING`. During the lame duck of 2 s all else works as before.
//! Then the listener closes. The drain waits for a stream that has an end. A stream without an end stops by itself, with
//! the status `UNAVAILABLE`. `ticker.rs` has both kinds of streams.
//!
//! `build.rs` generates the code for `proto/ticker.proto`, without `protoc`.

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
use tonic::server::NamedService;
use tonic::service::Routes;

#[lifecycle::main(grace = "20s", lame_duck = "2s")]
async fn main() -> std::io::Result<()> {
    // tonic's services without its server are a tower service.
    let routes = Routes::new(TickerServer::new(ticker::Market::open()));
    let probes = lifecycle::http::probes().grpc_service(<TickerServer<ticker::Market>>::NAME);
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, probes.or(routes)).await
}
