//! Servers that lose no connection when they stop.
//!
//! - [`listen`] returns a listener: bound here, or inherited from systemd.
//! - [`serve`] runs a handler for each connection, and [`Server`] has settings. For HTTP there is
//!   `lifecycle::http::serve`, over the same listeners.
//! - [`Connection`] is what a handler receives. The handler marks it as idle, and the drain then ends it.
//! - A tokio `TcpListener` or `UnixListener` works too, and so does [your own `Listener`](Listener).
//!
//! ```
//! use lifecycle::net::Connection;
//! use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
//!
//! #[lifecycle::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
//! #   lifecycle::shutdown("an example ends");
//!     lifecycle::net::serve(listener, |connection, peer| async move {
//!         if let Err(error) = echo(connection).await {
//!             eprintln!("{peer}: {error}");
//!         }
//!     })
//!     .await
//! }
//!
//! async fn echo(connection: Connection) -> std::io::Result<()> {
//!     let mut lines = BufReader::new(connection);
//!     let mut line = String::new();
//!     loop {
//!         // Every line is answered, apart from what the buffer holds.
//!         lines.get_ref().mark_idle(lines.buffer());
//!         line.clear();
//!         if lines.read_line(&mut line).await? == 0 {
//!             return Ok(()); // the client has closed, or the service is stopping
//!         }
//!         lines.write_all(line.as_bytes()).await?;
//!     }
//! }
//! ```
//!
//! The example `key-value` is a complete service: a protocol with frames, subscribers, and a limit of connections.
//!
//! # What happens at the stop
//!
//! 1. The stop begins: connections are accepted as before, and handlers learn of the stop through
//!    [`stopping`](crate::stopping).
//! 2. The drain begins: the kernel accepts no new connection. Every connection that is already in the accept queue gets
//!    a handler. Then the listener closes.
//! 3. A read of an idle connection returns the end of the stream, at the latest 1 s after the drain began:
//!    [`Connection`] has the table. Requests that have arrived are read before that.
//! 4. A handler returns, and its connection closes without a reset. The client receives every answer.
//! 5. The server returns after the last handler has returned and the last connection is closed.
//! 6. The drain ends: a handler that is still running is dropped, and the report names it.
//!
//! # Restarts without a refused connection
//!
//! - **Systemd socket activation.** The listener belongs to the manager and outlives the process. [`listen`] takes it
//!   over. A client that connects between two processes waits in the accept queue.
//! - **Two processes on one port** (`SO_REUSEPORT`). The new process binds before the old one is stopped. Bind a
//!   `tokio::net::TcpSocket` with `set_reuseport(true)` and serve [`SocketListener::sole`] of its listener. The old
//!   process empties its own accept queue. A client that connects while it closes retries after one second and reaches
//!   the new process.
//! - **A reload in one process.** The next server takes over the socket of the old one: [`SocketListener::downgrade`].
//! - **A load balancer.** Let `/readyz` fail before the listener closes: see `lifecycle::http::probes` and `lame_duck`.

mod accept;
mod closing;
mod connection;
mod decoy;
#[cfg(unix)]
mod drained;
#[cfg(unix)]
mod inherited;
mod kernel;
mod known;
mod linger;
mod listen;
mod listener;
mod places;
mod quiet;
mod serve;
#[cfg(unix)]
mod socket_file;
mod socket_listener;
mod state;
mod stream;
mod unread;
#[cfg(unix)]
mod waiting;
#[cfg(unix)]
mod weak_listener;

#[cfg(feature = "http")]
pub(crate) use accept::{Door, Entry, is_fatal, words_for};
pub use connection::{Connection, Marker};
#[cfg(unix)]
pub use drained::{ListenerDrained, drained};
pub use listen::{listen, listen_as};
pub use listener::{Listener, Peer};
#[cfg(feature = "http")]
pub(crate) use places::Places;
pub use serve::{Server, serve};
pub use socket_listener::SocketListener;
pub use stream::Stream;
#[cfg(feature = "http")]
pub(crate) use unread::{SocketId, socket};
#[cfg(unix)]
pub use weak_listener::WeakListener;
