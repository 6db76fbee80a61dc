use std::time::Duration;

use poem::http::header::{CONNECTION, HeaderValue};
use poem::listener::TcpAcceptor;
use poem::{EndpointExt as _, IntoResponse, Response, Route, Server, get, handler};
use tokio::net::TcpListener;

#[handler]
async fn hello() -> &'static str {
    "hello\n"
}

#[handler]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(2)).await;
    "hello\n"
}

/// Tells keep-alive clients to close their connection after the stop has begun.
async fn close_when_stopping(result: poem::Result<impl IntoResponse>) -> poem::Result<Response> {
    let mut response = result?.into_response();
    if lifecycle::is_stopping() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

#[lifecycle::main(grace = "25s", lame_duck = "1s")]
async fn main() -> std::io::Result<()> {
    let routes = Route::new().at("/", get(hello)).at("/slow", get(slow)).after(close_when_stopping);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let drained = lifecycle::net::drained(&listener)?;
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
    // No time-out of its own: the drain ends the server if it has to.
    server.run_with_graceful_shutdown(routes, drained, None).await
}
