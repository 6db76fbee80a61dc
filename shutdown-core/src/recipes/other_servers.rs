//! Servers of other crates: actix-web, axum, poem, Rocket, salvo, tonic and warp.
//!
//! `http::serve` serves the routes of axum and tonic without their own servers, and loses nothing. A service that stays
//! with a server of another crate moves in by four steps:
//!
//! 1. **Signals.** `#[lifecycle::main]` takes the place of the crate's own attribute (`#[tokio::main]`,
//!    `#[actix_web::main]`, `#[launch]`). The server installs no signal handlers.
//! 2. **The shutdown future.** The server receives [`net::drained`](crate::net::drained) of its listener. Most servers
//!    close their listener at the beginning of their shutdown. The kernel then resets the connections in the accept queue.
//!    The future completes after that queue is empty. It needs the feature `net`.
//! 3. **`Connection: close`.** A middleware adds this header to HTTP/1 responses after the stop has begun. Keep-alive
//!    clients then open a new connection for the next request. The lame duck gives each client time to see the header.
//!    HTTP/2 needs no middleware, because its servers send GOAWAY.
//! 4. **Time-outs.** The drain ends the server if a request takes too long. The server's own time-out is off, or longer.
//!
//! | server | signals | shutdown future | `Connection: close` | own time-out |
//! |---|---|---|---|---|
//! | [actix-web](#actix-web) | `shutdown_signal` replaces the handlers | `shutdown_signal(drained)` | `middleware::from_fn` | `shutdown_timeout`, longer than the drain |
//! | [axum](#axum) | none | `with_graceful_shutdown(drained)` | [`ConnectionCloseLayer`](#the-middleware) | none |
//! | [poem](#poem) | none | `run_with_graceful_shutdown(routes, drained, None)` | `EndpointExt::after` | the third argument: `None` |
//! | [Rocket](#rocket) | `shutdown.ctrlc`, `shutdown.signals` | `Shutdown::notify`, after [`draining`](crate::draining) | `AdHoc::on_response` | `shutdown.grace` and `shutdown.mercy`, 1 s each |
//! | [salvo](#salvo) | none | `ServerHandle::stop_graceful`, after `drained` | a `#[handler]` as hoop | the argument of `stop_graceful`: `None` |
//! | [tonic](#tonic) | none | `serve_with_incoming_shutdown(incoming, drained)` | not needed | none |
//! | [warp](#warp) | none | `graceful(drained)` | `Filter::map` | none |
//!
//! # What is lost
//!
//! Each program on this page was stopped ten times by SIGTERM under load. A request is lost if the client has sent all of
//! it, and receives no response. The same service with the server's own shutdown is the comparison.
//!
//! - 32 clients keep their connection, and 8 clients open one for each request. Each client sends the next request after
//!   the response, without a pause. 8 of the first clients pause for 3 ms to 24 ms.
//! - No client leaves in the lame duck. A load balancer makes clients leave, so this is the worst case.
//! - One more request takes 2 s, and is in flight when the stop begins.
//!
//! | server | own shutdown: lost of sent | slow request lost | recipe: lost of sent | slow request lost |
//! |---|---|---|---|---|
//! | actix-web 4.18 | 323 of 45,760 | in 0 of 10 stops | 0 of 111,043 | in 0 of 10 stops |
//! | axum 0.8 | 309 of 24,825 | in 0 | 0 of 66,470 | in 0 |
//! | poem 3.1 | 332 of 24,973 | in 0 | 0 of 64,655 | in 0 |
//! | Rocket 0.5 | 415 of 12,549 | in 2 | 261 of 32,041 | in 0 |
//! | Rocket 0.5, clients leave in the lame duck | | | 0 of 17,810 | in 0 |
//! | salvo 1.1 | 677 of 23,370 | in 0 | 0 of 58,869 | in 0 |
//! | tonic 0.14 | 27 of 5,680 | in 0 | 0 of 24,885 | in 0 |
//! | warp 0.4 | 306 of 39,907 | in 0 | 0 of 94,019 | in 0 |
//!
//! The exit status was 0 in each stop, except for Rocket's own shutdown. It exits with 1 if `launch` finds an open
//! connection. Both parts of the recipe are needed: axum lost 270 requests with [`draining`](crate::draining) in place of
//! `drained`, and 251 without the layer.
//!
//! tonic loses little by itself: GOAWAY tells an HTTP/2 client which requests the server has not processed, and the client
//! sends those again.
//!
//! What the recipe cannot give, because the server has it:
//!
//! | loss | servers | `http::serve` |
//! |---|---|---|
//! | A connection in the accept queue is reset. | Rocket, because it gives nobody its listener | accepts and serves it |
//! | A request that reaches an idle connection at the instant at which the server closes it. The connection has to be idle since before the drain. | all | serves what the kernel has received |
//! | A request that is cut off at the end of the drain runs on until the process exits, also while its database pool closes. | axum, poem, Rocket, tonic, warp | drops the request before the cleanup |
//! | The report names `main`, and not the request or its client. | all; for Rocket it names the line that waits | names each request |
//!
//! A health check is a route of your own, which answers 503 if [`is_stopping`](crate::is_stopping) returns `true`. Another
//! way is `http::serve_probes` on a second port.
//!
//! # A time-out of the server's own
//!
//! | the server's time-out | a request that takes too long | exit status |
//! |---|---|---|
//! | off, or longer than the drain | is cut off at the end of the drain, and the report names `main` | 70 |
//! | shorter than the drain | is cut off by the server, and the report does not know | 0 |
//!
//! [`drain_remaining`](crate::drain_remaining) returns the length of the drain. `drained` completes up to 1 s after the
//! beginning of the drain. The longest time-out that ends before the drain is therefore `drain_remaining()` minus 1 s.
//!
//! # Threads and runtimes
//!
//! Some servers run handlers on runtimes of their own. actix-web has one runtime for each worker. Under
//! `#[lifecycle::main]` each thread of the process is inside the lifecycle, also a thread of another runtime. A handler
//! therefore calls [`is_stopping`](crate::is_stopping), [`stopping`](crate::stopping) or [`manage`](crate::manage) as it
//! does elsewhere. [`spawn`](crate::spawn) runs its task on the runtime of the process.
//!
//! # The middleware
//!
//! `http::ConnectionCloseLayer` is a tower layer for axum, tonic, and every service with the types of the crate `http`. It
//! is a part of the feature `http`, because those servers have hyper in their tree anyway. The other servers have types
//! of their own. A feature for each of them would add the server to the dependencies of this crate, for a middleware of
//! ten lines. Each program on this page therefore has its own middleware.
//!
//! HTTP/1.0 clients that ask for `keep-alive` are rare. `ConnectionCloseLayer` tells them to close too. The middlewares
//! of this page do so only if the server does.
//!
//! # actix-web
//!
//! The version is 4.18. `shutdown_signal` also switches the signal handlers off, as `disable_signals` does.
//!
//! ```text
#![doc = include_str!("../../recipes/actix_web.rs")]
//! ```
//!
//! # axum
//!
//! The version is 0.8, and the feature of this crate is `http`.
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
#![doc = include_str!("../../recipes/axum.rs")]
//! ```
//!
//! # poem
//!
//! The version is 3.1.
//!
//! ```text
#![doc = include_str!("../../recipes/poem.rs")]
//! ```
//!
//! # Rocket
//!
//! The version is 0.5. Rocket binds its listener itself, so `net::drained` has nothing to work with. Clients that leave in
//! the lame duck lose nothing. Other clients lose as much as with Rocket's own shutdown: 26 to 45 requests in a stop, on
//! average. Rocket 0.5 has two habits that the program works around:
//!
//! - Rocket waits for the whole of `shutdown.grace` if one connection is open, even if it is idle. The program therefore
//!   waits for the requests in flight itself, by a [`Gate`](crate::Gate), and gives Rocket a grace of 1 s.
//! - Sometimes `launch` does not wait, and returns `ErrorKind::Shutdown`.
//!
//! After the last request in flight, Rocket takes up to 3 s: `shutdown.grace`, `shutdown.mercy`, and 1 s more. The drain
//! has to be longer than the longest request plus these 3 s.
//!
//! ```text
#![doc = include_str!("../../recipes/rocket.rs")]
//! ```
//!
//! # salvo
//!
//! The version is 1.1, with the feature `server-handle`.
//!
//! ```text
#![doc = include_str!("../../recipes/salvo.rs")]
//! ```
//!
//! # tonic
//!
//! The version is 0.14. `http::serve` with the feature `http2` serves the same `Routes` without tonic's server. This
//! program keeps tonic's server:
//!
#![cfg_attr(feature = "net", doc = "```no_run")]
#![cfg_attr(not(feature = "net"), doc = "```text")]
#![doc = include_str!("../../recipes/tonic.rs")]
//! ```
//!
//! A stream that has no end holds up the drain. Such a stream ends itself after [`draining`](crate::draining), as
//! [streams without an end](crate::recipes#streams-without-an-end) shows.
//!
//! # warp
//!
//! The version is 0.4.
//!
//! ```text
#![doc = include_str!("../../recipes/warp.rs")]
//! ```
