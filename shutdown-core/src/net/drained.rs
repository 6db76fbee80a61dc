//! The listener of somebody else's server: that server stops only after its accept queue is empty.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::Socket;
use tokio::time::Instant;

use super::kernel;
use super::waiting::has_waiting;
use crate::edge::Edge;

/// How long the queue has to be empty. In this time the server reads the first requests of its youngest connections, and
/// its clients learn from `Connection: close` that they have to leave. With 100 ms, actix-web on a busy machine lost ten
/// requests in one of twenty stops.
const QUIET: Duration = Duration::from_millis(250);
/// A server that is at its limit of connections accepts no more. It has to be stopped in spite of a full queue.
const MOST: Duration = Duration::from_secs(1);
/// How often the queue is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// What one look counts at most. A process that stood still longer has not run its server meanwhile.
const LONGEST_LOOK: Duration = Duration::from_millis(20);

/// Returns the shutdown future for somebody else's server that accepts from `listener`.
///
/// Most servers close their listener as soon as their shutdown future completes. The kernel then resets every connection
/// in the accept queue, and the server drops a request that it has not read yet. This future therefore completes later
/// than [`draining`](crate::draining):
///
/// 1. The drain begins: the kernel accepts no new connection. The client's kernel repeats its packet after 1 s, and
///    reaches the next process if there is one. Refusing new clients needs Linux.
/// 2. The server goes on accepting until the queue has been empty for 250 ms. The responses of that time carry
///    `Connection: close` if the server has a middleware for that, such as
#[cfg_attr(feature = "http", doc = "   [`ConnectionCloseLayer`](crate::http::ConnectionCloseLayer).")]
#[cfg_attr(not(feature = "http"), doc = "   `http::ConnectionCloseLayer`.")]
/// 3. The future completes. It completes 1 s after the beginning of the drain at the latest, because a server that is at
///    its limit of connections accepts nobody. Time in which the process stood still does not count.
///
/// The first poll implies [`ready`](crate::ready).
///
/// The page [`recipes::other_servers`](crate::recipes::other_servers) has a program for each of several servers, and
/// lists what they still lose. A listener that another process holds too, such as a socket of systemd, is not for this
/// function, because that process would receive no clients any more. Such a server takes
/// [`draining`](crate::draining).
///
/// # Errors
///
/// Returns the error of the kernel if the process has no free descriptor.
///
/// # Panics
///
/// Panics outside of a lifecycle. The future panics outside of a tokio runtime with a clock.
///
/// # Cancel safety
///
/// A future that is dropped after the drain has begun leaves a listener that accepts nobody.
///
/// # Examples
///
/// ```no_run
/// # #[cfg(feature = "http")]
/// # #[lifecycle::main]
/// # async fn main() -> std::io::Result<()> {
/// # let routes = axum::Router::new();
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
/// let drained = lifecycle::net::drained(&listener)?;
/// let routes = routes.layer(lifecycle::http::ConnectionCloseLayer);
/// axum::serve(listener, routes).with_graceful_shutdown(drained).await
/// # }
/// # #[cfg(not(feature = "http"))]
/// # fn main() {}
/// ```
#[doc(alias("graceful shutdown", "with_graceful_shutdown", "accept queue"))]
#[track_caller]
pub fn drained(listener: &impl AsFd) -> io::Result<ListenerDrained> {
    let edge = Edge::expect("net::drained");
    let socket = Socket::from(listener.as_fd().try_clone_to_owned()?);
    Ok(ListenerDrained(Box::pin(empty(edge, socket))))
}

/// The future that [`drained`] returns.
#[must_use = "a future does nothing unless it is polled"]
pub struct ListenerDrained(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Future for ListenerDrained {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ListenerDrained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerDrained").finish_non_exhaustive()
    }
}

/// Holds the socket as well as the server does, so that a client of the last moment is not reset.
async fn empty(edge: Edge, socket: Socket) {
    edge.lifecycle().draining().await;
    // A client may be reset if this fails, but that is not a reason to go on.
    let _ = kernel::refuse_new(&socket);
    let (mut quiet, mut all) = (Duration::ZERO, Duration::ZERO);
    while quiet < QUIET && all < MOST {
        let before = Instant::now();
        tokio::time::sleep(LOOK_INTERVAL).await;
        let passed = before.elapsed().min(LONGEST_LOOK);
        all += passed;
        quiet = if has_waiting(&socket) { Duration::ZERO } else { quiet + passed };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::Lifecycle;

    /// The kernel retries for a client after a second. Before that a dropped handshake looks like an absent server.
    const BEFORE_RETRY: Duration = Duration::from_millis(100);

    /// Runs `server` with a listener in whose queue a client waits when the drain begins.
    async fn stopped<T>(server: impl AsyncFnOnce(TcpListener, ListenerDrained) -> T) -> T {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut result = None;
        let service = async {
            let drained = drained(&listener).unwrap();
            crate::ready();
            crate::shutdown("the test");
            result = Some(server(listener.try_clone().unwrap(), drained).await);
        };
        let report = Lifecycle::builder().build().run(service).await;
        assert_eq!(report.exit_status(), 0, "{report}");
        result.unwrap()
    }

    /// R18.
    #[tokio::test]
    async fn a_server_is_stopped_after_its_queue_is_empty_and_refuses_new_clients_until_then() {
        stopped(async |listener, mut drained| {
            let polled = tokio::time::timeout(QUIET * 3, &mut drained).await;
            assert!(polled.is_err(), "a client is in the queue");
            let new = TcpStream::connect_timeout(&listener.local_addr().unwrap(), BEFORE_RETRY);
            assert_eq!(new.unwrap_err().kind(), ErrorKind::TimedOut);
            listener.accept().unwrap();
            drained.await;
            assert!(listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
        })
        .await;
    }

    #[tokio::test]
    async fn a_server_whose_process_stood_still_has_its_time_after_that() {
        stopped(async |listener, mut drained| {
            assert!(tokio::time::timeout(LOOK_INTERVAL * 5, &mut drained).await.is_err(), "it has begun");
            std::thread::sleep(MOST * 2);
            assert!(tokio::time::timeout(QUIET, &mut drained).await.is_err(), "a client is in the queue");
            listener.accept().unwrap();
            drained.await;
        })
        .await;
    }

    #[tokio::test]
    async fn a_server_that_accepts_nobody_is_stopped_all_the_same() {
        let took = stopped(async |_listener, drained| {
            let begun = Instant::now();
            drained.await;
            begun.elapsed()
        })
        .await;
        assert!(took >= MOST, "{took:?}");
    }
}
