//! HTTP servers that lose no request when they stop, over hyper.
//!
//! - [`serve`] takes a listener and a tower or hyper service: an axum `Router`, tonic `Routes`, a `service_fn`.
//! - The feature `http` serves HTTP/1.1. The feature `http2` adds HTTP/2, which gRPC needs.
//! - The first bytes of the client choose the protocol. Without the feature `http2`, hyper closes the connection of an
//!   HTTP/2 client without a response.
//! - [`Server`] has settings: TLS, time-outs, limits, a service for each connection, the end of one server alone.
//! - [`probes`] answers the health checks of an orchestrator, and of gRPC. [`readiness`] drains the readiness without a stop.
//! - [`ConnectionCloseLayer`] is for services that stay with a server of another crate.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http_body_util::Full;
//! use hyper::body::{Bytes, Incoming};
//! use hyper::{Request, Response};
//!
//! async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::from("hello\n")))
//! }
//!
//! #[lifecycle::main(lame_duck = "2s")]
//! async fn main() -> std::io::Result<()> {
//!     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
//! #   lifecycle::shutdown("an example ends");
//!     lifecycle::http::serve(listener, lifecycle::http::probes().or(tower::service_fn(hello))).await
//! }
//! ```
//!
//! Pass an axum `Router` as `routes.with_state(())`, as `axum::serve` does by itself. Otherwise axum prepares the handler
//! anew for each request.
//!
//! # What happens at the stop
//!
//! | step | what happens |
//! |---|---|
//! | the stop begins | HTTP/1 responses carry `Connection: close`, `/readyz` answers 503, everything else works |
//! | | each response tells [Envoy](probes()#envoy) that the service is not ready, if the program has probes |
//! | the drain begins | the kernel accepts no new connection; connections in the accept queue are served; the listener closes |
//! | | an idle connection closes, after the bytes that the kernel holds for it are served |
//! | | a connection that is in use finishes its requests, streams and upgrades |
//! | | HTTP/2 clients receive GOAWAY in two steps (RFC 9113, section 6.8): streams that cross the first one are served |
//! | the drain ends | what is still in flight is dropped, and named in the report |
//!
//! A connection is idle if all of these hold:
//!
//! - It has no request in progress, no unread bytes in the kernel, and no partial request head.
//! - Its last response ended at least 100 ms ago ([`drain_idle_timeout`](Server::drain_idle_timeout)).
//! - Its first byte has arrived, or has not arrived for 100 ms.
//!
//! # How long a connection can hold up the drain
//!
//! | connection | at most |
//! |---|---|
//! | idle | 100 ms, plus [`close_jitter`](Server::close_jitter) |
//! | half a request head, or a handshake | 1 s, or [`header_read_timeout`](Server::header_read_timeout) if it is shorter |
//! | an HTTP/2 connection without a stream | 1 s for the confirmation of the GOAWAY |
//! | an HTTP/2 connection whose client is gone | 40 s: a ping after 20 s of silence, and 20 s for the answer |
//! | an HTTP/1 request in progress | the end of the drain |
//!
//! [`Server::hyper`] configures the two times of HTTP/2 (`keep_alive_interval`, `keep_alive_timeout`).
//!
//! An HTTP/1 client that is gone is noticed at the next write to it, and its handler works until then.
//! [`Server::answer_half_closed`] configures that. A client that is gone without a packet looks like a slow one until
//! TCP gives up.
//!
//! # What an HTTP/1 client can rely on
//!
//! - Every request that arrives before the drain is answered, in any legal form and in any pieces: pipelined, with a
//!   chunked body, over HTTP/1.0, or before the client closes its sending side.
//! - A response in the stop says `Connection: close` if no further request of the client has arrived. It replaces
//!   `keep-alive`, and the headers `Keep-Alive` and `Proxy-Connection`, that a handler has set. Other options of
//!   `Connection`, such as `upgrade`, stay.
//!
//! # What a server cannot do
//!
//! - A client may send a request while its idle connection is being closed. A lame duck helps: each response in it makes
//!   the client open a new connection.
//! - One response does not carry `Connection: close` although hyper closes the connection after it. It answers a request
//!   with a chunked body, was in progress when the stop began, and begins before the body has ended. hyper does the same
//!   at any other time.
//!
//! # Kubernetes, load balancers
//!
//! With [`probes`] and a `lame_duck` the readiness check fails first, and the listener closes when clients have gone
//! elsewhere. [`lame_duck_early_end`](Server::lame_duck_early_end) ends the lame duck as soon as that has happened.
//! [`recipes`](crate::recipes#behind-a-load-balancer) has the settings for HAProxy, Envoy, and a service with one endpoint.

// In reading order, a file uses only those before it: framing, closing, last_response, late_requests, envoy,
// probe_body, grpc_health, verbose, asks, probes, with_probes, readiness, serve_probes, protocol, age, hooks, notices, site, state, connection, info, handshake,
// body, stream, drive, request, service, server, serving. `connection_close` is for servers of other crates, and uses none of them.
mod age;
mod asks;
mod body;
mod closing;
mod connection;
mod connection_close;
mod drive;
mod envoy;
mod framing;
mod grpc_health;
mod handshake;
mod hooks;
mod info;
mod last_response;
mod late_requests;
mod notices;
mod probe_body;
mod probes;
mod protocol;
mod readiness;
mod request;
mod serve_probes;
mod server;
mod service;
mod serving;
mod site;
mod state;
mod stream;
mod verbose;
mod with_probes;

pub use connection_close::{ConnectionClose, ConnectionCloseFuture, ConnectionCloseLayer};
pub use handshake::Handshake;
pub use hooks::{Disconnect, DisconnectReason};
pub use info::ConnectionInfo;
pub use late_requests::LateRequests;
pub use probe_body::ProbeBody;
pub use probes::{Probes, probes};
pub use readiness::{Readiness, readiness};
pub use serve_probes::serve_probes;
pub use server::{Server, serve};
pub use service::HttpService;
pub use with_probes::WithProbes;
