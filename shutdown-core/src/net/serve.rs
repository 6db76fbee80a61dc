//! A server for protocols that are not HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::accept::{Door, Entry, words_for};
use super::connection::Connection;
use super::listener::{Listener, Peer};
use super::places::Places;
use super::state::{Site, State};
use crate::edge::Edge;
use crate::edge::in_flight::{Describe, Named};
use crate::sync::catch::catch;
use crate::sync::notice::Waiting;

/// Runs `handler` for each connection of `listener`, in a task of its own.
///
/// The server accepts until the drain begins, then empties the accept queue, and returns after the last connection is
/// closed. Calling it implies [`ready`](crate::ready). [`Server`] has settings.
///
/// - A connection is in flight until its handler has returned, its [`Connection`] is dropped, and its client has received
///   the last answer.
/// - A handler that [marks its connection as idle](Connection::mark_idle) between two requests needs nothing else for the
///   stop. Another handler should return soon after [`stopping`](crate::stopping) completes.
/// - At the end of the drain a handler that is still running is dropped at its current await, and the report names it.
/// - A handler that panics ends its own connection only. During the stop the exit status is then 70.
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
/// If the future is dropped, the listener closes and connections in its accept queue are lost. Handlers go on, and the
/// drain waits for them.
///
/// # Examples
///
/// ```
/// use tokio::io::AsyncWriteExt as _;
///
/// #[lifecycle::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
/// #   lifecycle::shutdown("an example ends");
///     lifecycle::net::serve(listener, |mut connection, peer| async move {
///         // A client that is gone does not concern the server.
///         let _ = connection.write_all(format!("hello, {peer}\n").as_bytes()).await;
///     })
///     .await
/// }
/// ```
pub async fn serve<L, H, F>(listener: L, handler: H) -> io::Result<()>
where
    L: Listener,
    H: Fn(Connection<L::Io>, Peer) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    Server::new(listener).serve(handler).await
}

/// A server for protocols that are not HTTP, with settings. [`serve`] is one with the defaults.
///
/// | setting | default |
/// |---|---|
/// | [`max_connections`](Server::max_connections) | no limit |
///
/// ```
/// # use tokio::io::AsyncWriteExt as _;
/// # #[lifecycle::main]
/// # async fn main() -> std::io::Result<()> {
/// # let listener = lifecycle::net::listen("127.0.0.1:0").await?;
/// # lifecycle::shutdown("an example ends");
/// lifecycle::net::Server::new(listener)
///     .max_connections(250)
///     .serve(|mut connection, _peer| async move {
///         let _ = connection.write_all(b"hello\n").await;
///     })
///     .await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server serves nothing before `serve` is awaited"]
pub struct Server<L> {
    listener: L,
    places: Places,
}

impl<L: Listener> Server<L> {
    /// Returns a server with the default settings.
    pub fn new(listener: L) -> Server<L> {
        Server { listener, places: Places::unlimited() }
    }

    /// Configures how many connections the server has open at once. Defaults to no limit.
    ///
    /// The server accepts the next connection after an open one has closed. Until then the next client waits in the accept
    /// queue of the kernel. Such a client is connected, and receives no answer.
    ///
    /// When the drain begins, the listener closes. The clients in the queue get a place one after the other, as long as the
    /// drain lasts. Each of them holds a descriptor meanwhile: at most 4,096 for a listener of [`listen`](super::listen()).
    ///
    /// # Panics
    ///
    /// If `connections` is 0.
    #[doc(alias = "backpressure")]
    #[track_caller]
    pub fn max_connections(mut self, connections: usize) -> Server<L> {
        self.places = Places::limited_to(connections);
        self
    }

    /// Runs `handler` for each connection: see [`serve`](super::serve()).
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
    pub async fn serve<H, F>(self, handler: H) -> io::Result<()>
    where
        H: Fn(Connection<L::Io>, Peer) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let Server { listener, places } = self;
        let edge = Edge::expect("net::serve");
        let Some(registered) = edge.register(words_for("server", &listener)) else { return Ok(()) };
        let in_flight = registered.in_flight();
        let site = Arc::new(Site::new(edge.clone(), Arc::clone(in_flight)));
        let door = Door { listener, edge: &edge, drain: edge.draining(), in_flight, places };
        let served = door
            .run(|io, peer, entry| {
                let (state, entry) = (Arc::new(State::new(Arc::clone(&site), peer.clone())), Arc::new(entry));
                let connection = Connection::new(io, Arc::clone(&state), Arc::clone(&entry));
                // The handler may panic before it returns a future, and that concerns its own connection only.
                match catch(|| handler(connection, peer)) {
                    Ok(handling) => {
                        edge.spawn(Handling {
                            handling,
                            drain: Some(edge.draining().wait()),
                            work_cut: edge.work_cut().wait(),
                            named: None,
                            state,
                            _entry: entry,
                        });
                    }
                    Err(panic) => drop(edge.task_panicked(&panic)),
                }
            })
            .await;
        registered.finish().await;
        served
    }
}

pin_project! {
    /// A handler that runs, until it returns or its time is up.
    struct Handling<F> {
        #[pin]
        handling: F,
        // There until the drain begins.
        drain: Option<Waiting>,
        work_cut: Waiting,
        // There once the drain has begun.
        named: Option<Named>,
        state: Arc<State>,
        // The last field, so that it is returned after the others are dropped.
        _entry: Arc<Entry>,
    }
}

impl<F: Future> Future for Handling<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.handling.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if this.drain.as_mut().is_some_and(|drain| Pin::new(drain).poll(cx).is_ready()) {
            *this.drain = None;
            let work = Arc::clone(this.state) as Arc<dyn Describe>;
            *this.named = Some(this.state.site().in_flight.name(work));
        }
        // Nothing is held back or cut before the drain begins.
        if this.drain.is_some() {
            return Poll::Pending;
        }
        // The handler goes on, so that its last write was not the end.
        this.state.send();
        Pin::new(this.work_cut).poll(cx)
    }
}
