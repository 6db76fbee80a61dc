//! Servers that lose no connection when they stop.
//!
//! - [`listen`] gives a listener: bound here, or inherited from systemd.
//! - [`serve`] runs a handler for each connection. For HTTP there is `lifecycle::http::serve`, over the same listeners.
//! - A tokio `TcpListener` or `UnixListener` works too, and so does [your own `Listener`](Listener).
//!
//! ```
//! use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
//!
//! #[lifecycle::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
//! #   lifecycle::shutdown("an example ends");
//!     lifecycle::net::serve(listener, |stream, _peer| async move {
//!         let mut lines = BufReader::new(stream);
//!         let mut line = String::new();
//!         while lines.read_line(&mut line).await.is_ok_and(|length| length > 0) {
//!             if lines.get_mut().write_all(line.as_bytes()).await.is_err() || lifecycle::is_stopping() {
//!                 break;
//!             }
//!             line.clear();
//!         }
//!     })
//!     .await
//! }
//! ```
//!
//! # What happens at the stop
//!
//! 1. The stop begins: connections are accepted as before, and handlers learn of the stop through
//!    [`stopping`](crate::stopping).
//! 2. The drain begins: the kernel accepts no new connection. Every connection that is already in the accept queue gets
//!    a handler. Then the listener closes.
//! 3. The server returns when the last handler has returned.
//! 4. The drain ends: a handler that is still running is dropped, and the report names it.
//!
//! # Restarts without a refused connection
//!
//! - **Systemd socket activation.** The listener belongs to the manager and outlives the process. [`listen`] takes it
//!   over. A client that connects between two processes waits in the accept queue.
//! - **Two processes on one port** (`SO_REUSEPORT`). The new process binds before the old one is stopped. Bind a
//!   `tokio::net::TcpSocket` with `set_reuseport(true)` and serve [`SocketListener::sole`] of its listener. The old
//!   process empties its own accept queue. A client that connects while it closes retries after one second and reaches
//!   the new process.
//! - **A load balancer.** Let `/readyz` fail before the listener closes: see `lifecycle::http::probes` and `lame_duck`.

mod accept;
mod closing;
mod decoy;
#[cfg(unix)]
mod drained;
mod inherited;
mod kernel;
mod listen;
mod listener;
mod serve;
mod socket_listener;
mod stream;
#[cfg(feature = "http")]
mod unread;
#[cfg(unix)]
mod waiting;

#[cfg(feature = "http")]
pub(crate) use accept::{Door, is_fatal, words_for};
#[cfg(unix)]
pub use drained::{ListenerDrained, drained};
pub use listen::{listen, listen_as};
pub use listener::{Listener, Peer};
pub use serve::serve;
pub use socket_listener::SocketListener;
pub use stream::Stream;
#[cfg(feature = "http")]
pub(crate) use unread::{descriptor, unread_bytes};
