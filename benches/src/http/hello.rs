//! The service of every server in this benchmark, and the line that announces its address.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

/// Returns the routes with an empty state. Without `with_state`, axum would prepare the handler again for
/// each request. `axum::serve` makes this call itself.
pub(crate) fn routes() -> Router {
    Router::new().route("/hello", get(async || "hello")).with_state(())
}

/// Prints the line that the benchmark waits for.
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
