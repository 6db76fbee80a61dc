//! Probes on a listener of their own, which closes last.

use std::io;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{Either as Or, select};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::task::JoinHandle;

use super::probes::Probes;
use super::protocol::Protocol;
use crate::edge::Edge;
use crate::net::Listener;

/// How long the listener pauses after an error of `accept`.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Answers [`probes`](super::probes()) on a listener of its own, which closes last. `/livez` is 200 and `/readyz` is 503 through the drain,
/// the cleanup and the flush.
///
/// It never holds up the stop. The future completes during the drain, when nothing else is in flight but the code of
/// `main`. The probes are answered until the end all the same. A task that is spawned by [`spawn`](crate::spawn) or
/// [`spawn_essential`](crate::spawn_essential) for this future is not work in flight any more when the drain has begun.
///
/// `tokio::spawn`, [`spawn`](crate::spawn) and [`spawn_essential`](crate::spawn_essential) are good places for it. With
/// `spawn_essential` a listener that fails stops the service. In `main` it can be a branch of `join!` or `select!` next to
/// [`serve`](super::serve()), or the last line. The other branches of a `select!` have to be work that the lifecycle knows:
/// a server of this crate, or code that holds a [`pass`](crate::pass). Otherwise the `select!` may end before they do.
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
/// Cancel safe. If the future is dropped before it has completed, the listener closes.
///
/// # Examples
///
/// ```
/// #[lifecycle::main]
/// async fn main() -> std::io::Result<()> {
///     let port = lifecycle::net::listen("127.0.0.1:0").await?;
///     lifecycle::spawn_essential("probes", lifecycle::http::serve_probes(port));
///     // .. the service ..
///     Ok(())
/// }
/// ```
pub fn serve_probes(listener: impl Listener) -> impl Future<Output = io::Result<()>> + Send {
    // A task that `tokio::spawn` starts inside `Lifecycle::run` is outside of the lifecycle, and this call is inside.
    let here = Edge::current();
    async move {
        let edge = Edge::current().or(here).unwrap_or_else(|| Edge::expect("http::serve_probes"));
        Probes::of(edge).serve(listener).await
    }
}

impl Probes {
    /// Answers these probes on a listener of their own, as [`serve_probes`] does.
    ///
    /// # Errors
    ///
    /// Returns the error of a listener that will never accept again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. If the future is dropped before it has completed, the listener closes.
    ///
    /// # Examples
    ///
    /// ```
    /// #[lifecycle::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let port = lifecycle::net::listen("127.0.0.1:0").await?;
    ///     let probes = lifecycle::http::probes().stopping_status(404).admin("/drain");
    ///     lifecycle::spawn_essential("probes", probes.serve(port));
    ///     // .. the service ..
    ///     Ok(())
    /// }
    /// ```
    pub fn serve(self, listener: impl Listener) -> impl Future<Output = io::Result<()>> + Send {
        answer_until_alone(self, listener)
    }
}

/// Answers probes until nothing but `main` is in flight. They are answered after that, until the end.
async fn answer_until_alone(probes: Probes, listener: impl Listener) -> io::Result<()> {
    let edge = probes.edge().clone();
    // A task of its own, which goes on when this future has completed.
    let mut answering = Answering { task: tokio::spawn(answer_probes(probes, listener)), goes_on: false };
    let last = async {
        edge.draining().wait().await;
        edge.step_aside();
        edge.alone().await;
    };
    match select(&mut answering.task, pin!(last)).await {
        Or::Left((Ok(ended), _)) => ended,
        // The code of the listener panicked, or the runtime is shutting down.
        Or::Left((Err(error), _)) => error.try_into_panic().map_or(Ok(()), |panic| resume_unwind(panic)),
        Or::Right(..) => {
            answering.goes_on = true;
            Ok(())
        }
    }
}

/// The task that answers. It ends when this is dropped, unless it is to go on.
struct Answering {
    task: JoinHandle<io::Result<()>>,
    goes_on: bool,
}

impl Drop for Answering {
    fn drop(&mut self) {
        if !self.goes_on {
            self.task.abort();
        }
    }
}

async fn answer_probes(probes: Probes, mut listener: impl Listener) -> io::Result<()> {
    let mut over = probes.edge().over().wait();
    let mut protocol = Protocol::new();
    protocol.keep_alive(false);
    loop {
        let accepted = std::future::poll_fn(|cx| match Pin::new(&mut over).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(cx).map(Some),
        });
        match accepted.await {
            None => return Ok(()),
            Some(Ok((io, _))) => {
                let (service, over) = (TowerToHyperService::new(probes.clone()), probes.edge().over().wait());
                let answers = protocol.serve(TokioIo::new(io), service);
                tokio::spawn(async move {
                    // An error concerns only the client of this check.
                    let _ = futures_util::future::select(pin!(answers), over).await;
                });
            }
            Some(Err(error)) if crate::net::is_fatal(&error) => return Err(error),
            Some(Err(_)) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
