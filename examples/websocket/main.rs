//! A chat room whose guests are told when it closes.
//!
//! ```text
//! cargo run --example websocket               # on a free port
//! websocat ws://127.0.0.1:PORT/chat           # any WebSocket client, several of them
//! ```
//!
//! Stop it by Ctrl-C or SIGTERM: every guest gets a close frame with 1001 (Going Away) and a reason, and the service
//! exits with 0 when the last one is gone. A WebSocket leaves the hands of the HTTP server, and is in flight all the
//! same: nothing here counts connections. `chat.rs` is what a guest does, `farewell.rs` how one is sent home.

mod chat;
mod farewell;

use axum::Router;
use axum::routing::any;

#[lifecycle::main(grace = "10s")]
async fn main() -> std::io::Result<()> {
    // `any`: a WebSocket begins with GET on HTTP/1, and with CONNECT on HTTP/2.
    let routes = Router::new().route("/chat", any(chat::enter)).with_state(chat::Room::open());
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    println!("listening on ws://{}/chat", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await
}
