//! An HTTP server and its settings.

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
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::closing::PARTIAL_HEAD_TIMEOUT;
use super::connection::Connection;
use super::drive::Drive;
use super::handshake::{Handshake, NoHandshake, shake_hands};
use super::late_requests::LateRequests;
use super::protocol::Protocol;
#[cfg(feature = "http2")]
use super::protocol::{Builder, StreamExecutor};
use super::request::ConnectionService;
use super::site::{Settings, Site};
use super::stream::Stream;
use crate::edge::Edge;
use crate::net::{Door, Entry, Listener, Places, descriptor, words_for};

/// The default of [`Server::drain_idle_timeout`].
const DRAIN_IDLE_TIMEOUT: Duration = Duration::from_millis(100);
/// A longer time is cut to this one, which can be added to any instant.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Serves HTTP on `listener` until the drain begins, and returns when the last connection is closed.
///
/// `service` is a tower service: an axum `Router`, tonic `Routes`, a `tower::service_fn`. Calling it implies
/// [`ready`](crate::ready). Handlers run in the current lifecycle. The [module](crate::http#what-happens-at-the-stop)
/// says what happens at the stop, and [`Server`] has settings.
///
/// # Errors
///
/// Returns the error of a listener that will never accept again. An error of one connection is ignored. If descriptors
/// or memory run out, the server tries again after a pause of 5 ms to 1 s, and the report notes it.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Cancel safety
///
/// If the future is dropped, the listener closes and connections in its accept queue are lost. Open connections go on,
/// and the drain waits for them.
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
#[doc(alias = "with_graceful_shutdown")]
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

/// An HTTP server with settings. [`serve`] is one with the defaults.
///
/// | setting | default |
/// |---|---|
/// | [`drain_idle_timeout`](Server::drain_idle_timeout) | 100 ms |
/// | [`close_jitter`](Server::close_jitter) | 0 s |
/// | [`header_read_timeout`](Server::header_read_timeout) | none, and 1 s in the drain |
/// | [`late_requests`](Server::late_requests) | refused |
/// | [`lame_duck_early_end`](Server::lame_duck_early_end) | off |
/// | [`connection_info`](Server::connection_info) | off |
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
///     .close_jitter(Duration::from_secs(2)) // clients do not reconnect all at once
///     .lame_duck_early_end(true)
///     .serve(routes)
///     .await
/// # }
/// ```
#[must_use = "a server serves nothing before `serve` is awaited"]
pub struct Server<L, H = NoHandshake> {
    listener: L,
    handshake: H,
    // On the heap, so that the futures that carry it are small.
    settings: Box<Settings>,
}

impl<L: Listener> Server<L> {
    /// Returns a server with the default settings.
    pub fn new(listener: L) -> Server<L> {
        let settings = Box::new(Settings {
            protocol: Protocol::new(),
            drain_idle_timeout: DRAIN_IDLE_TIMEOUT,
            partial_head_timeout: PARTIAL_HEAD_TIMEOUT,
            close_jitter: Duration::ZERO,
            late_requests: LateRequests::default(),
            lame_duck_early_end: false,
            connection_info: false,
        });
        Server { listener, handshake: NoHandshake, settings }
    }

    /// Configures what each connection goes through before HTTP, TLS for example.
    ///
    /// The handshake runs in the task of the connection. A handshake that is in progress when the drain begins has as
    /// long as the rest of a request head: see [`header_read_timeout`](Server::header_read_timeout).
    ///
    /// ```no_run
    /// # use axum::Router;
    /// # use lifecycle::http::Server;
    /// # async fn f(acceptor: tokio_rustls::TlsAcceptor, routes: Router) -> std::io::Result<()> {
    /// let listener = lifecycle::net::listen("0.0.0.0:8443").await?;
    /// Server::new(listener).handshake(move |stream| acceptor.accept(stream)).serve(routes).await
    /// # }
    /// ```
    #[doc(alias = "tls")]
    pub fn handshake<H, F, T>(self, handshake: H) -> Server<L, H>
    where
        H: Fn(L::Io) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Server { listener: self.listener, handshake, settings: self.settings }
    }
}

impl<L, H> Server<L, H> {
    /// Configures how long the drain keeps a connection open after a response, or before its first byte. The next
    /// request may be on its way. Defaults to 100 ms.
    #[doc(alias = "linger")]
    #[doc(alias = "quiet_period")]
    pub fn drain_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.drain_idle_timeout = timeout.min(LONGEST);
        self
    }

    /// Configures over which time the drain closes idle connections, each at a random instant, so that clients do not
    /// reconnect all at once. A request that arrives before that is served. Defaults to 0 s.
    #[doc(alias = "close_spread")]
    pub fn close_jitter(mut self, jitter: Duration) -> Self {
        self.settings.close_jitter = jitter.min(LONGEST);
        self
    }

    /// Configures how long an HTTP/1 client may take to send the head of a request. The time begins with the connection
    /// or the previous response, so it also limits how long a connection may be idle.
    ///
    /// Defaults to no limit. In the drain the limit is this time or 1 s, the shorter of the two.
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.protocol.header_read_timeout(timeout);
        self.settings.partial_head_timeout = timeout.min(PARTIAL_HEAD_TIMEOUT);
        self
    }

    /// Configures what happens to a request that arrives after the drain has begun, on a connection that is still in
    /// use. Defaults to [`LateRequests::Refuse`].
    #[doc(alias = "latecomers")]
    pub fn late_requests(mut self, late_requests: LateRequests) -> Self {
        self.settings.late_requests = late_requests;
        self
    }

    /// Configures whether the lame duck ends as soon as it has done its work: a readiness probe has received 503 on
    /// `/readyz` (or an answer of gRPC's health check), and for 1 s there was no new connection and no request but those
    /// of probes. Defaults to `false`.
    pub fn lame_duck_early_end(mut self, early_end: bool) -> Self {
        self.settings.lame_duck_early_end = early_end;
        self
    }

    /// Configures whether each request has a [`ConnectionInfo`](super::ConnectionInfo) among its extensions. A handler
    /// can learn from it who its client is, and a task that a library spawns can learn of the stop.
    ///
    /// Defaults to `false`, because it takes three allocations for each request. In a handler itself
    /// [`stopping`](crate::stopping) works without it.
    pub fn connection_info(mut self, add: bool) -> Self {
        self.settings.connection_info = add;
        self
    }

    /// Configures the underlying hyper builder: HTTP/2 pings, buffer and window sizes, the number of streams.
    ///
    /// Needs the feature `http2`. The builder is the one of `hyper-util` 0.1, so this method changes with a new minor
    /// version of `hyper-util`. Its executor and the timer of HTTP/2 are set already. HTTP/2 clients are pinged after
    /// 20 s of silence and have 20 s to answer.
    ///
    /// ```
    /// # use lifecycle::http::Server;
    /// # use std::time::Duration;
    /// # async fn f(listener: tokio::net::TcpListener) {
    /// let server = Server::new(listener).hyper(|hyper| {
    ///     hyper.http2().keep_alive_interval(Duration::from_secs(60)).max_concurrent_streams(100);
    /// });
    /// # }
    /// ```
    #[cfg(feature = "http2")]
    pub fn hyper(mut self, configure: impl FnOnce(&mut Builder<StreamExecutor>)) -> Self {
        self.settings.protocol.configure(configure);
        self
    }

    /// Serves HTTP until the drain begins, and returns when the last connection is closed: see [`serve`](super::serve()).
    ///
    /// # Errors
    ///
    /// Returns the error of a listener that will never accept again.
    ///
    /// # Panics
    ///
    /// Outside of a lifecycle.
    ///
    /// # Cancel safety
    ///
    /// As [`serve`](super::serve()).
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
        let edge = Edge::expect("http::serve");
        let Some(registered) = edge.register(words_for("http", &self.listener)) else { return Ok(()) };
        let early_end = self.settings.lame_duck_early_end;
        let site = Site::new(edge.clone(), Arc::clone(registered.in_flight()), self.settings, H::IS_PLAIN);
        let site = Arc::new(site);
        let handshake = Arc::new(self.handshake);
        let in_flight = registered.in_flight();
        let door = Door { listener: self.listener, edge: &edge, in_flight, places: Places::unlimited() };
        let served = door.run(|io, peer, entry| {
            let connection = Arc::new(Connection::new(Arc::clone(&site), peer, descriptor(&io)));
            let shaken = shake_hands(Arc::clone(&site), Arc::clone(&handshake), io);
            edge.spawn(converse(shaken, service.clone(), connection, entry));
        });
        let served = if early_end { site.watch_while(served).await } else { served.await };
        registered.finish().await;
        served
    }
}

impl<L, H> fmt::Debug for Server<L, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("drain_idle_timeout", &self.settings.drain_idle_timeout)
            .field("close_jitter", &self.settings.close_jitter)
            .field("late_requests", &self.settings.late_requests)
            .field("lame_duck_early_end", &self.settings.lame_duck_early_end)
            .finish_non_exhaustive()
    }
}

/// Serves one connection, from its socket to its end.
///
/// Not an `async fn`: its future would have room for the handshake as well as for HTTP, on every idle connection.
fn converse<I, S, B>(
    shaken: impl Future<Output = Option<I>> + Send,
    service: S,
    connection: Arc<Connection>,
    entry: Entry,
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
            let io = TokioIo::new(Stream::new(io, Arc::clone(&connection), entry));
            let service = ConnectionService::new(service, Arc::clone(&connection));
            let served = connection.site.settings.protocol.serve(io, service);
            Drive::new(served, connection)
        }))
    })
}
