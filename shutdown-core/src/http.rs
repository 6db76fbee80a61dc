//! HTTP servers that lose no request when they stop, over hyper.
//!
//! [`serve`] takes a listener and a tower service: an axum `Router`, tonic `Routes`, or a `tower::service_fn`. HTTP/1.1
//! and HTTP/2 are told apart by what the client sends.
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
//! A `Router` of axum without a state of its own is best handed over as `routes.with_state(())`, which is what
//! `axum::serve` does by itself: else each request makes its handler ready anew.
//!
//! # What happens at the stop
//!
//! | from | what |
//! |---|---|
//! | the notice on | HTTP/1 answers carry `Connection: close`; `/readyz` answers 503; everything else works |
//! | the drain on | the kernel lets nobody new in; who stands in the queue is let in and served; the listener closes |
//! | | a connection that is idle is closed; what has been sent to it, and not been read, is served first |
//! | | a connection at work finishes: requests, streams, upgrades |
//! | | HTTP/2 connections hear GOAWAY, in two steps: what crossed the first one on its way is served |
//! | the end of the drain | what is still at work is dropped, and named in the report |
//!
//! Idle means: no request, no byte in the kernel, not half a request's head, no answer within the last 100 ms
//! ([`linger`](Server::linger)), and the first byte has come, or has not come for 100 ms. Half a head keeps a connection
//! for a second at most. An HTTP/2 connection without a request has a second to confirm the GOAWAY.
//!
//! A client of HTTP/2 that is gone without a word holds its streams for 40 s at most: when nothing has come from it for
//! 20 s it is pinged, and has 20 s to answer. [`Server::hyper`] can set both, by `http2().keep_alive_interval(..)` and
//! `http2().keep_alive_timeout(..)`. Nothing tells such a client from a slow one where it speaks HTTP/1, or where the
//! kernel's buffers are full of what it does not take: it is at work until the end of the drain, or of TCP's patience.
//!
//! One answer does not say close although hyper closes behind it, as it does at any time: that to a request whose body
//! comes in chunks, if it was at work at the notice and is answered before its body has ended.
//!
//! A client may still send a request while its idle connection is being closed; no server can help that. What can: a
//! lame duck, in which every answer asks the client to come back on a new connection.
//!
//! # Kubernetes, load balancers
//!
//! With [`probes`] and a `lame_duck` the readiness check fails first, and the doors close when nobody comes any more.
//! [`lame_duck_early_end`](Server::lame_duck_early_end) ends it as soon as that is seen.

mod body;
mod closing;
mod connection;
mod drive;
mod handshake;
mod info;
mod latecomer;
mod probes;
mod request;
mod server;
mod site;
mod stamp;
mod stream;

pub use handshake::{Handshake, NoHandshake};
pub use info::ConnectionInfo;
pub use latecomer::Latecomers;
pub use probes::{Probes, WithProbes, probes, serve_probes};
pub use server::{Server, serve};
