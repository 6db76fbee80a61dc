use std::time::Duration;

use salvo::conn::tcp::TcpAcceptor;
use salvo::http::header::{CONNECTION, HeaderValue};
use salvo::{Depot, FlowCtrl, Request, Response, Router, Server, handler};
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
#[handler]
async fn close_when_stopping(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    flow.call_next(request, depot, response).await;
    if lifecycle::is_stopping() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

#[lifecycle::main(grace = "25s", lame_duck = "1s")]
async fn main() -> std::io::Result<()> {
    let routes = Router::new().hoop(close_when_stopping).get(hello).push(Router::with_path("slow").get(slow));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let drained = lifecycle::net::drained(&listener)?;
    let server = Server::new(TcpAcceptor::try_from(listener)?);
    let handle = server.handle();
    lifecycle::spawn(async move {
        drained.await;
        handle.stop_graceful(None); // no time-out of its own: the drain ends the server if it has to
    });
    server.try_serve(routes).await
}
