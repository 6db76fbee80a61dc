//! A ticker over gRPC, whose streams end in order.
//!
//! ```text
//! cargo run --example grpc                    # on a free port
//! grpcurl -plaintext -import-path examples/grpc -proto ticker.proto -d '{}' 127.0.0.1:PORT ticker.v1.Ticker/Watch
//! ```
//!
//! From the first instant of a stop the health check says `NOT_SERVING`; for the two seconds of the lame duck everything
//! else works as before. Then the doors close: a stream with an end of its own is waited for, one without hears the stop
//! and ends by itself, with `UNAVAILABLE`. `ticker.rs` has both, `health.rs` is the health check.
//!
//! `ticker_v1.rs` is generated from `ticker.proto` and checked in, as `tonic-health` does it with its own: whoever
//! builds this needs neither `protoc` nor a build script. It was written by `tonic-prost-build`, fed by `protox`, which
//! is all Rust:
//!
//! ```text
//! let files = protox::compile(["ticker.proto"], ["."])?;
//! tonic_prost_build::configure().out_dir(".").compile_fds(files)?;
//! ```

mod health;
mod ticker;
#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic, clippy::restriction, missing_docs, unreachable_pub, reason = "generated")]
mod ticker_v1;

use ticker_v1::ticker_server::TickerServer;
use tonic::service::Routes;

#[lifecycle::main(grace = "20s", lame_duck = "2s")]
async fn main() -> std::io::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<TickerServer<ticker::Market>>().await;
    lifecycle::spawn(health::report(reporter));

    // The services of tonic without its server: a tower service like any other.
    let routes = Routes::new(health).add_service(TickerServer::new(ticker::Market::open()));
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, routes).await
}
