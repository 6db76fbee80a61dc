//! A chat room whose guests receive a close frame when the service stops.
//!
//! ```text
//! cargo run -p websocket                      # serves on a free port
//! websocat ws://127.0.0.1:PORT/chat           # or another WebSocket client; start several
//! ```
//!
//! Stop the service with Ctrl-C or SIGTERM. Each guest receives a close frame with 1001 (Going Away) and a reason. The
//! service exits with status 0 after the last connection has closed. Nothing here counts connections, because an upgraded
//! connection stays in flight. `chat.rs` has the conversation, and `farewell.rs` has its end.

mod chat;
mod farewell;

use axum::Router;
use axum::routing::any;

#[lifecycle::main(grace = "10s")]
async fn main() -> std::io::Result<()> {
    // A WebSocket begins with GET in HTTP/1, and with CONNECT in HTTP/2.
    let routes = Router::new().route("/chat", any(chat::enter)).with_state(chat::Room::open());
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    println!("listening on ws://{}/chat", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await
}
