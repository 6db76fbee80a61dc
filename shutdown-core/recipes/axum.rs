use std::time::Duration;

use axum::{Router, routing::get};
use lifecycle::http::ConnectionCloseLayer;
use tokio::net::TcpListener;

async fn hello() -> &'static str {
    "hello\n"
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(2)).await;
    "hello\n"
}

#[lifecycle::main(grace = "25s", lame_duck = "1s")]
async fn main() -> std::io::Result<()> {
    let routes = Router::new().route("/", get(hello)).route("/slow", get(slow));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let drained = lifecycle::net::drained(&listener)?;
    axum::serve(listener, routes.layer(ConnectionCloseLayer)).with_graceful_shutdown(drained).await
}
