//! The HTTP server with the settings of the first argument.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::{Method, Request};
use lifecycle::http::{Handshake, LateRequests, Probes, Server};
use lifecycle::net::{Listener, SocketListener};
use tower::ServiceExt as _;

use super::wishes::Wishes;
use super::{Orders, handlers, tls, tunnel};

pub(super) async fn run(wishes: &Wishes, listener: SocketListener, orders: Orders) -> io::Result<()> {
    let mut server = Server::new(listener).connection_info(true);
    server = with(server, wishes.time("idle"), Server::drain_idle_timeout);
    server = with(server, wishes.time("close_jitter"), Server::close_jitter);
    server = with(server, wishes.time("header_read_timeout"), Server::header_read_timeout);
    server = with(server, wishes.time("age"), Server::max_connection_age);
    server = with(server, wishes.time("age_grace"), Server::max_connection_age_grace);
    if let (Some(pings), Some(pongs)) = (wishes.time("pings"), wishes.time("pongs")) {
        server = server.hyper(|hyper| {
            hyper.http2().keep_alive_interval(pings).keep_alive_timeout(pongs);
        });
    }
    if wishes.has("cut_half_closed") {
        server = server.answer_half_closed(false);
    }
    if wishes.has("late_requests") {
        server = server.late_requests(LateRequests::Serve);
    }
    server = server.lame_duck_early_end(wishes.has("early_end"));
    match wishes.has("tls") {
        true => {
            let acceptor = tls::acceptor();
            let server = server.handshake(move |stream| acceptor.accept(stream));
            serve(server, wishes.probes(), orders).await
        }
        false => serve(server, wishes.probes(), orders).await,
    }
}

/// Configures a time that is wished for.
fn with<S>(server: S, time: Option<Duration>, set: impl FnOnce(S, Duration) -> S) -> S {
    match time {
        Some(time) => set(server, time),
        None => server,
    }
}

async fn serve<L, H>(server: Server<L, H>, probes: Option<Probes>, orders: Orders) -> io::Result<()>
where
    L: Listener,
    H: Handshake<L::Io>,
{
    let routes = handlers::routes(orders);
    // A router matches paths, and CONNECT does not have a path.
    let service = tower::service_fn(move |request: Request<Incoming>| {
        let routes = routes.clone();
        async move {
            match *request.method() {
                Method::CONNECT => Ok::<_, Infallible>(tunnel::open(request)),
                _ => routes.oneshot(request.map(Body::new)).await,
            }
        }
    });
    match probes {
        Some(probes) => server.serve(probes.or(service)).await,
        None => server.serve(service).await,
    }
}
