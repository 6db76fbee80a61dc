use std::net::TcpListener;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpServer, web};

async fn hello() -> &'static str {
    "hello\n"
}

async fn slow() -> &'static str {
    actix_web::rt::time::sleep(Duration::from_secs(2)).await;
    "hello\n"
}

/// Tells keep-alive clients to close their connection after the stop has begun.
async fn close_when_stopping(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    if lifecycle::is_stopping() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

#[lifecycle::main(grace = "25s", lame_duck = "1s")]
async fn main() -> std::io::Result<()> {
    let app = || {
        let app = App::new().wrap(from_fn(close_when_stopping));
        app.route("/", web::get().to(hello)).route("/slow", web::get().to(slow))
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on http://{}", listener.local_addr()?);
    let drained = lifecycle::net::drained(&listener)?;
    // Longer than the drain, which ends the server if it has to.
    let timeout = lifecycle::drain_remaining().map_or(30, |left| left.as_secs() + 1);
    HttpServer::new(app)
        .shutdown_signal(drained) // instead of signal handlers
        .shutdown_timeout(timeout)
        .listen(listener)?
        .run()
        .await
}
