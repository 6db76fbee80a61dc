//! An HTTP server and its settings.

use std::fmt;
use std::future::{poll_fn, ready};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use super::age::Age;
use super::closing::PARTIAL_HEAD_TIMEOUT;
use super::handshake::{Handshake, NoHandshake};
use super::hooks::{Disconnect, Hooks};
use super::info::ConnectionInfo;
use super::late_requests::LateRequests;
use super::protocol::Protocol;
#[cfg(feature = "http2")]
use super::protocol::{Builder, StreamExecutor};
use super::service::HttpService;
use super::site::Settings;
use crate::net::{Listener, Peer, Places};

/// The default of [`Server::drain_idle_timeout`].
const DRAIN_IDLE_TIMEOUT: Duration = Duration::from_millis(100);
/// A longer time is cut to this one, which can be added to any instant.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Serves HTTP on `listener` until the drain begins, and returns when the last connection is closed.
///
/// `service` is a tower service or a hyper service: an axum `Router`, tonic `Routes`, a `service_fn` of `tower` or `hyper`.
/// See [`HttpService`](super::HttpService). Calling it implies [`ready`](crate::ready). Handlers run in the current lifecycle. The [module](crate::http#what-happens-at-the-stop)
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
pub async fn serve<L, S, Kind>(listener: L, service: S) -> io::Result<()>
where
    L: Listener,
    S: HttpService<Kind>,
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
/// | [`answer_half_closed`](Server::answer_half_closed) | on |
/// | [`late_requests`](Server::late_requests) | refused |
/// | [`lame_duck_early_end`](Server::lame_duck_early_end) | off |
/// | [`connection_info`](Server::connection_info) | off |
/// | [`http1_only`](Server::http1_only) | off |
/// | [`max_connections`](Server::max_connections) | no limit |
/// | [`max_connection_age`](Server::max_connection_age), [`max_connection_age_grace`](Server::max_connection_age_grace) | no limit |
/// | [`on_connect`](Server::on_connect), [`on_disconnect`](Server::on_disconnect) | none |
/// | [`until`](Server::until) | ends with the service |
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
    pub(super) listener: L,
    pub(super) handshake: H,
    // On the heap, so that the futures that carry it are small.
    pub(super) settings: Box<Settings>,
    // In a mutex, which nothing locks, so that a server is `Sync`.
    pub(super) until: Option<Mutex<BoxFuture<'static, ()>>>,
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
            http1_only: false,
            places: Places::unlimited(),
            age: Age::default(),
            hooks: Hooks::default(),
        });
        Server { listener, handshake: NoHandshake, settings, until: None }
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
        Server { listener: self.listener, handshake, settings: self.settings, until: self.until }
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

    /// Configures whether an HTTP/1 client that has closed its sending side still receives the responses to its requests.
    /// `socat`, `nc -N` and some proxies close it after the last request. RFC 9112, section 9.6, allows that. Defaults
    /// to `true`.
    ///
    /// A client that goes away looks the same, so the default has a price. The server notices at the next write to that
    /// client, and the handler of a long poll, or an event stream without an event, goes on until then. It also goes on
    /// in the drain. A stream of events therefore sends a comment every few seconds, as axum's `KeepAlive` does.
    ///
    /// With `false` the client's end is noticed while a handler works. The request is then dropped at its next await,
    /// and a client that has only closed its sending side receives no response.
    ///
    /// Over TLS a `close_notify` of the client closes its sending side. A client of HTTP/2 that closes its sending side
    /// receives no further response, with either value.
    #[doc(alias = "half_close")]
    #[doc(alias = "client_abort")]
    pub fn answer_half_closed(mut self, answer: bool) -> Self {
        self.settings.protocol.half_close(answer);
        self
    }

    /// Configures what happens to a request that arrives after the drain has begun, on a connection that is still in
    /// use. Defaults to [`LateRequests::Refuse`].
    #[doc(alias = "latecomers")]
    pub fn late_requests(mut self, late_requests: LateRequests) -> Self {
        self.settings.late_requests = late_requests;
        self
    }

    /// Configures whether the lame duck ends as soon as it has done its work: a readiness probe has received a failure on
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

    /// Configures the server to speak HTTP/1.1 only. An HTTP/2 client is closed without a response, as without the feature
    /// `http2`.
    ///
    /// A TLS acceptor should then offer `http/1.1` alone as its protocol (ALPN), so that clients do not choose HTTP/2.
    /// Without the feature `http2` this setting has no effect.
    ///
    /// ```
    /// # use lifecycle::http::Server;
    /// # async fn f(listener: tokio::net::TcpListener) {
    /// let server = Server::new(listener).http1_only();
    /// # }
    /// ```
    pub fn http1_only(mut self) -> Self {
        self.settings.http1_only = true;
        self
    }

    /// Configures how many connections the server has open at once. Defaults to no limit.
    ///
    /// The server accepts the next connection after an open one has closed. Until then the next client waits in the accept
    /// queue of the kernel. Such a client is connected, and gets no answer. An idle connection has a place too, so a limit
    /// needs a [`header_read_timeout`](Server::header_read_timeout). When the drain begins, the listener closes, and each
    /// client in the queue still gets its turn, as long as the drain lasts.
    ///
    /// A handshake, an upgraded connection and a connection with many HTTP/2 streams have one place each.
    ///
    /// ```
    /// # use lifecycle::http::Server;
    /// # use std::time::Duration;
    /// # async fn f(listener: tokio::net::TcpListener) {
    /// let server = Server::new(listener).max_connections(1_000).header_read_timeout(Duration::from_secs(30));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If `connections` is 0.
    #[doc(alias = "backpressure")]
    #[track_caller]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.places = Places::limited_to(connections);
        self
    }

    /// Configures how old a connection becomes, so that clients connect anew and a load balancer can move them
    /// (gRPC's `MAX_CONNECTION_AGE`, [proposal A9](https://github.com/grpc/proposal/blob/master/A9-server-side-conn-mgt.md)).
    /// Defaults to no limit.
    ///
    /// The age of each connection is random, from nine tenths to eleven tenths of `age`, so that clients do not reconnect
    /// all at once. It begins after the [`handshake`](Server::handshake). No request is lost:
    ///
    /// | connection | at that age |
    /// |---|---|
    /// | HTTP/1, in use | the next response carries `Connection: close`; further requests that have been sent are served first |
    /// | HTTP/1, idle | closes when its last response is 1 s old (or [`drain_idle_timeout`](Server::drain_idle_timeout), the longer of the two) |
    /// | HTTP/2 | receives GOAWAY in two steps, and its streams are served to their end |
    /// | upgraded (WebSocket, CONNECT over HTTP/1) | goes on, because only its handler can end it |
    ///
    /// A request in progress has [`max_connection_age_grace`](Server::max_connection_age_grace). An HTTP/1 client that
    /// sends half a request head is left to [`header_read_timeout`](Server::header_read_timeout). With an age of 0 s each
    /// HTTP/1 connection serves one request.
    ///
    /// ```
    /// # use lifecycle::http::Server;
    /// # use std::time::Duration;
    /// # async fn f(listener: tokio::net::TcpListener) {
    /// let server = Server::new(listener)
    ///     .max_connection_age(Duration::from_secs(30 * 60))
    ///     .max_connection_age_grace(Duration::from_secs(5 * 60));
    /// // A connection is gone after 30 min x 1.1 + 5 min = 38 min at the latest.
    /// # }
    /// ```
    #[doc(alias = "MAX_CONNECTION_AGE")]
    #[doc(alias = "keepalive_time")]
    #[doc(alias = "max_connection_duration")]
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.settings.age.limit = Some(age.min(LONGEST));
        self
    }

    /// Configures how long a connection that has reached its [`max_connection_age`](Server::max_connection_age) may take
    /// to finish (gRPC's `MAX_CONNECTION_AGE_GRACE`). Defaults to no limit. Has no effect without `max_connection_age`.
    ///
    /// After this time the connection is cut off, with the requests that are in progress. The drain of the service lifts
    /// this limit, because a drain cuts no request before its own end.
    #[doc(alias = "MAX_CONNECTION_AGE_GRACE")]
    pub fn max_connection_age_grace(mut self, grace: Duration) -> Self {
        self.settings.age.grace = Some(grace.min(LONGEST));
        self
    }

    /// Configures code that runs when a connection is opened: after it was accepted, before its handshake. It replaces the
    /// code of an earlier call. Defaults to none.
    ///
    /// The code runs in the task of the connection, so it must not block. If it panics, the connection goes on. During a
    /// stop the exit status is then 70.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// static OPEN: AtomicUsize = AtomicUsize::new(0);
    ///
    /// # async fn f(listener: tokio::net::TcpListener) {
    /// let server = lifecycle::http::Server::new(listener)
    ///     .on_connect(|_peer| drop(OPEN.fetch_add(1, Ordering::Relaxed)))
    ///     .on_disconnect(|peer, end| {
    ///         OPEN.fetch_sub(1, Ordering::Relaxed);
    ///         println!("{peer} was connected for {:?}: {:?}", end.duration, end.reason);
    ///     });
    /// # }
    /// ```
    pub fn on_connect(mut self, hook: impl Fn(&Peer) + Send + Sync + 'static) -> Self {
        self.settings.hooks.on_connect = Some(Arc::new(hook));
        self
    }

    /// Configures code that runs when a connection is closed, once for each that was opened. It replaces the code of an
    /// earlier call. Defaults to none.
    ///
    /// An upgraded connection is closed when its last owner drops it. The code must not block, because it runs in the task
    /// that closes the connection. If it panics, nothing else is lost. During a stop the exit status is then 70. A
    /// connection that exists when the process exits is not reported.
    pub fn on_disconnect(mut self, hook: impl Fn(&Peer, &Disconnect) + Send + Sync + 'static) -> Self {
        self.settings.hooks.on_disconnect = Some(Arc::new(hook));
        self
    }

    /// Configures this server to end alone when `future` completes, while the service goes on: for a reload that replaces
    /// a listener, or a port that is open for some time.
    ///
    /// The server does what it does in the drain of a stop (see the [module](crate::http#what-happens-at-the-stop)). It
    /// accepts no new connection, serves those in its accept queue, closes the listener and the idle connections, and
    /// finishes the requests in progress. Then [`serve`](Server::serve) returns `Ok`. No client is reset. There is no
    /// lame duck, and `/readyz` does not change.
    ///
    /// Nothing cuts a request in progress except a stop of the service, whose drain also ends this one. A handler that
    /// waits for its client without an end has to wait for [`ConnectionInfo::draining`] as well. Dropping the future of
    /// `serve` gives up the waiting, and the connections still finish.
    ///
    /// If `future` never completes, the server ends with the service. The page [`recipes`](crate::recipes) has a whole
    /// reload.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use lifecycle::http::Server;
    ///
    /// #[lifecycle::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let (replace, replaced) = tokio::sync::oneshot::channel::<()>();
    ///     let routes = Router::new().route("/", get(async || "hello\n"));
    ///     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    ///     let server = Server::new(listener).until(async move { drop(replaced.await) });
    ///     let serving = lifecycle::spawn(server.serve(routes));
    ///     // .. a new server listens; then the old one ends:
    ///     drop(replace);
    ///     serving.await?
    /// }
    /// ```
    #[doc(alias = "with_graceful_shutdown")]
    pub fn until(mut self, future: impl Future<Output = ()> + Send + 'static) -> Self {
        self.until = Some(Mutex::new(Box::pin(future)));
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
    pub async fn serve<S, Kind>(self, service: S) -> io::Result<()>
    where
        L: Listener,
        H: Handshake<L::Io>,
        S: HttpService<Kind>,
    {
        let service = service.into_hyper();
        self.serve_each(move |_| ready(Some(service.clone()))).await
    }

    /// Serves HTTP with a service of its own for each connection: see [`serve`](Server::serve).
    ///
    /// `make_service` is a tower service from a [`ConnectionInfo`] to an [`HttpService`](super::HttpService). It runs in
    /// the task of the connection, after the [`handshake`](Server::handshake). When the drain has begun, handshake and
    /// `make_service` together have as long as the rest of a request head: see
    /// [`header_read_timeout`](Server::header_read_timeout). If `make_service` fails, the connection closes without a
    /// response.
    ///
    /// axum's `into_make_service` works as it is. `into_make_service_with_connect_info::<C>` needs a `C` of your own that
    /// implements axum's `Connected<ConnectionInfo>`. The example does without it.
    ///
    /// # Errors
    ///
    /// As [`serve`](Server::serve).
    ///
    /// # Panics
    ///
    /// As [`serve`](Server::serve).
    ///
    /// # Cancel safety
    ///
    /// As [`serve`](Server::serve).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use axum::extract::Extension;
    /// use axum::{Router, routing::get};
    /// use lifecycle::http::{ConnectionInfo, Server};
    ///
    /// async fn who(Extension(connection): Extension<ConnectionInfo>) -> String {
    ///     format!("hello, {}\n", connection.peer())
    /// }
    ///
    /// #[lifecycle::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let routes = Router::new().route("/", get(who)).with_state(());
    ///     let make_service = tower::service_fn(move |connection: ConnectionInfo| {
    ///         let service = tower::Layer::layer(&Extension(connection), routes.clone());
    ///         async move { Ok::<_, Infallible>(service) }
    ///     });
    ///     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    /// #   lifecycle::shutdown("an example ends");
    ///     Server::new(listener).serve_make_service(make_service).await
    /// }
    /// ```
    #[doc(alias = "make_service")]
    #[doc(alias = "into_make_service_with_connect_info")]
    pub async fn serve_make_service<M, S, Kind>(self, make_service: M) -> io::Result<()>
    where
        L: Listener,
        H: Handshake<L::Io>,
        M: tower_service::Service<ConnectionInfo, Response = S> + Clone + Send + 'static,
        M::Future: Send,
        S: HttpService<Kind>,
    {
        self.serve_each(move |connection| {
            let (mut make_service, info) = (make_service.clone(), ConnectionInfo::of(connection));
            async move {
                poll_fn(|cx| make_service.poll_ready(cx)).await.ok()?;
                Some(make_service.call(info).await.ok()?.into_hyper())
            }
        })
        .await
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
