//! A server, and how to make one.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::OptionFuture;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::closing::HALF;
use super::connection::Connection;
use super::drive::Drive;
use super::handshake::{Handshake, NoHandshake, shake_hands};
use super::latecomer::Latecomers;
use super::request::Counted;
use super::site::{Settings, Site};
use super::stream::Stream;
use crate::engine::context::{self, Scoped};
use crate::engine::lifecycle::Lifecycle;
use crate::net::{Door, Listener, Serving, Watched};
use crate::sync::gate::Pass;

/// Serves HTTP until the drain begins, then those who stand in the queue, and returns when the last connection is gone.
///
/// `service` is a tower service: an axum `Router`, tonic `Routes`, a `tower::service_fn`. Handlers run in the current
/// lifecycle, wherever hyper polls them. Implies [`ready`](crate::ready). What happens at the stop is
/// [here](crate::http#what-happens-at-the-stop); [`Server`] has the settings.
///
/// # Errors
///
/// If the listener cannot accept, and never will. What concerns one connection is passed over, and where descriptors or
/// memory run out it tries again after a pause of 5 ms to 1 s, and the report says so.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Cancel safety
///
/// Dropped, it closes the listener without emptying its queue; the connections go on, and the drain waits for them.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
///
/// #[lifecycle::main]
/// async fn main() -> std::io::Result<()> {
///     let routes = Router::new().route("/", get(async || "hello\n"));
///     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
/// #   lifecycle::shutdown("an example ends");
///     lifecycle::http::serve(listener, routes).await
/// }
/// ```
pub async fn serve<L, S, B>(listener: L, service: S) -> io::Result<()>
where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    Server::new(listener).serve(service).await
}

/// A server with settings of its own; [`serve`] is one without.
///
/// ```
/// # use axum::Router;
/// # use lifecycle::http::Server;
/// # use std::time::Duration;
/// # #[lifecycle::main]
/// # async fn main() -> std::io::Result<()> {
/// # let listener = lifecycle::net::listen("127.0.0.1:0").await?;
/// # let routes: Router = Router::new();
/// # lifecycle::shutdown("an example ends");
/// Server::new(listener)
///     .close_spread(Duration::from_secs(2)) // clients do not come back in one herd
///     .lame_duck_early_end(true)
///     .serve(routes)
///     .await
/// # }
/// ```
#[must_use = "it serves nothing before `serve` is awaited"]
pub struct Server<L, H = NoHandshake> {
    listener: L,
    handshake: H,
    // On the heap, so that the futures that carry it are small.
    settings: Box<Settings>,
}

impl<L: Listener> Server<L> {
    /// With the settings of [`serve`].
    pub fn new(listener: L) -> Server<L> {
        let mut hyper = auto::Builder::new(Streams);
        // A drain may be long, and a client that is gone says nothing. The docs of the module have the worst case.
        let pings = Duration::from_secs(20);
        hyper.http2().timer(TokioTimer::new()).keep_alive_interval(pings).keep_alive_timeout(pings);
        hyper.http2().enable_connect_protocol();
        let settings = Box::new(Settings {
            hyper,
            linger: Duration::from_millis(100),
            half_head: HALF,
            close_spread: Duration::ZERO,
            latecomers: Latecomers::default(),
            early_end: false,
            connection_info: false,
            is_plain: L::IS_PLAIN,
        });
        Server { listener, handshake: NoHandshake, settings }
    }

    /// What each connection goes through before HTTP: TLS, for one. It runs in the connection's task. A handshake that
    /// is under way when the drain begins has a second.
    ///
    /// ```no_run
    /// # use axum::Router;
    /// # use lifecycle::http::Server;
    /// # async fn f(acceptor: tokio_rustls::TlsAcceptor, routes: Router) -> std::io::Result<()> {
    /// let listener = lifecycle::net::listen("0.0.0.0:8443").await?;
    /// Server::new(listener).handshake(move |stream| acceptor.accept(stream)).serve(routes).await
    /// # }
    /// ```
    pub fn handshake<H, F, T>(self, handshake: H) -> Server<L, H>
    where
        H: Fn(L::Io) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let settings = Box::new(Settings { is_plain: false, ..*self.settings });
        Server { listener: self.listener, handshake, settings }
    }
}

impl<L, H> Server<L, H> {
    /// How long a connection is kept at the drain that has just been answered, or whose first byte has not come: 100 ms
    /// unless told otherwise. The next request may be under way.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = linger;
        self
    }

    /// Closes idle connections one by one over this time from the drain on, so that their clients do not come back in
    /// one herd. At once unless told otherwise. What comes on them meanwhile is served.
    pub fn close_spread(mut self, spread: Duration) -> Self {
        self.settings.close_spread = spread;
        self
    }

    /// How long a client of HTTP/1 may take for the head of a request. Without limit unless told otherwise; and it also
    /// limits how long a connection may be idle. In the drain it is a second, or this if it is less.
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.hyper.http1().timer(TokioTimer::new()).header_read_timeout(timeout);
        self.settings.half_head = timeout.min(HALF);
        self
    }

    /// What becomes of requests that come when the drain has begun, on a connection that is still at work: refused
    /// unless told otherwise.
    pub fn latecomers(mut self, latecomers: Latecomers) -> Self {
        self.settings.latecomers = latecomers;
        self
    }

    /// Ends the lame duck as soon as it has done what it is for: a readiness probe has been told (`/readyz` with 503, or
    /// gRPC's health check), and for a second there was no new connection and no request but those of probes.
    pub fn lame_duck_early_end(mut self, early: bool) -> Self {
        self.settings.early_end = early;
        self
    }

    /// Puts a [`ConnectionInfo`](super::ConnectionInfo) among the extensions of each request, for handlers that want to
    /// know their client, or to hear the stop in a task that somebody else spawns. Off unless told otherwise: it is
    /// three allocations a request, and [`stopping`](crate::stopping) hears the stop in a handler without it.
    pub fn connection_info(mut self, tell: bool) -> Self {
        self.settings.connection_info = tell;
        self
    }

    /// Whatever else hyper can be told. Its executor and the timer of HTTP/2 are set.
    pub fn hyper(mut self, configure: impl FnOnce(&mut auto::Builder<Streams>)) -> Self {
        configure(&mut self.settings.hyper);
        self
    }

    /// Serves; see [`serve`](super::serve()).
    ///
    /// # Errors
    ///
    /// If the listener cannot accept, and never will.
    ///
    /// # Panics
    ///
    /// Outside of a lifecycle.
    pub async fn serve<S, B>(self, service: S) -> io::Result<()>
    where
        L: Listener,
        H: Handshake<L::Io>,
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let lifecycle = context::expect("http::serve", Lifecycle::clone);
        let Some(serving) = Serving::begin(&lifecycle, "http", &self.listener) else { return Ok(()) };
        let early_end = self.settings.early_end;
        let site = Arc::new(Site::new(lifecycle.clone(), Arc::clone(&serving.roster), self.settings));
        let handshake = Arc::new(self.handshake);
        let door = Door { listener: self.listener, lifecycle: &lifecycle, roster: &serving.roster };
        let kept = door.keep(|io, peer| {
            let Some(pass) = serving.pass() else { return };
            let connection = Arc::new(Connection::new(Arc::clone(&site), peer, L::descriptor(&io)));
            let shaken = shake_hands(Arc::clone(&site), Arc::clone(&handshake), io);
            let conversation = converse(shaken, service.clone(), connection, pass);
            tokio::spawn(Scoped::new(lifecycle.clone(), Watched::new(conversation)));
        });
        let kept = if early_end { site.watch_while(kept).await } else { kept.await };
        serving.finish().await;
        kept
    }
}

impl<L, H> fmt::Debug for Server<L, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("linger", &self.settings.linger)
            .field("close_spread", &self.settings.close_spread)
            .field("latecomers", &self.settings.latecomers)
            .field("lame_duck_early_end", &self.settings.early_end)
            .finish_non_exhaustive()
    }
}

/// One connection, from its socket to its end.
///
/// Not an `async fn`: that would keep the room of what it begins with while it serves, for every idle connection.
fn converse<I, S, B>(
    shaken: impl Future<Output = Option<I>> + Send,
    service: S,
    connection: Arc<Connection>,
    pass: Pass,
) -> impl Future<Output: Send> + Send
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    shaken.then(move |io| {
        OptionFuture::from(io.map(move |io| {
            let io = TokioIo::new(Stream::new(io, Arc::clone(&connection), pass));
            let service = Counted::new(service, Arc::clone(&connection));
            let hyper = &connection.site.settings().hyper;
            let served = hyper.serve_connection_with_upgrades(io, service).into_owned();
            Drive::new(served, connection)
        }))
    })
}

/// Runs the streams of HTTP/2 connections, in the lifecycle of their connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Streams;

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        // Asked in the task of the connection, which is where hyper starts them.
        match Lifecycle::current() {
            Some(lifecycle) => tokio::spawn(Scoped::new(lifecycle, Watched::new(future))),
            None => tokio::spawn(future.map(drop)),
        };
    }
}
