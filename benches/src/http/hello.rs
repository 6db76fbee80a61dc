//! What every server of the bench serves, and how it says where.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

/// With its state, although it has none: without, each request would make its handler ready anew. `axum::serve` does
/// that by itself.
pub(crate) fn routes() -> Router {
    Router::new().route("/hello", get(async || "hello")).with_state(())
}

/// The line that the bench waits for.
pub(crate) fn say(address: SocketAddr) {
    println!("{address}");
}

#[allow(dead_code, reason = "not every server takes its listener from tokio, or its signal")]
pub(crate) async fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    say(listener.local_addr().expect("it is bound"));
    listener
}

#[allow(dead_code, reason = "not every server takes its listener from tokio, or its signal")]
pub(crate) fn terminate() -> tokio::signal::unix::Signal {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("a handler")
}
