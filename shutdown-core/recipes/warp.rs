use std::convert::Infallible;
use std::time::Duration;

use tokio::net::TcpListener;
use warp::http::header::{CONNECTION, HeaderValue};
use warp::reply::{Reply, Response};
use warp::{Filter as _, get, path};

async fn slow() -> Result<&'static str, Infallible> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok("hello\n")
}

/// Tells keep-alive clients to close their connection after the stop has begun.
fn close_when_stopping(reply: impl Reply) -> Response {
    let mut response = reply.into_response();
    if lifecycle::is_stopping() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[lifecycle::main(grace = "25s", lame_duck = "1s")]
async fn main() -> std::io::Result<()> {
    let hello = path::end().map(|| "hello\n");
    let slow = path("slow").and(path::end()).and_then(slow);
    let routes = get().and(hello.or(slow)).map(close_when_stopping);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let drained = lifecycle::net::drained(&listener)?;
    warp::serve(routes).incoming(listener).graceful(drained).run().await;
    Ok(())
}
