//! Sockets that are served until the drain, and then emptied: nothing that the kernel has let in is lost.
//!
//! [`listen`] gives a listener, bound or inherited; [`serve`] runs a handler for each of its connections. For HTTP there
//! is [`http::serve`](crate::http::serve), over the same listeners.
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
//! # A restart that refuses nobody
//!
//! - **A listener that outlives the process.** With systemd socket activation the socket belongs to the manager:
//!   [`listen`] takes it over, and what comes between two processes waits in its queue.
//! - **Two processes on one port.** With `SO_REUSEPORT` the new process binds beside the old one before that is told to
//!   stop: bind a `tokio::net::TcpSocket` with `set_reuseport(true)`, and serve [`Listening::sole`] of its listener. The
//!   queue of the old one is its own, and is emptied by it. Who comes to it while it closes tries again a second later,
//!   and gets to the new one.
//! - **A load balancer.** Let it see `/readyz` fail before the doors close: see [`http::probes`](crate::http::probes).

mod accept;
mod decoy;
mod inherited;
mod listener;
mod listening;
mod serve;
mod serving;
mod socket;
mod watched;

pub(crate) use accept::{Door, is_fatal};
pub use decoy::Decoy;
pub use listener::{Listener, Peer};
pub use listening::{Listening, Stream, listen, listen_as};
pub use serve::serve;
pub(crate) use serving::{Doing, Roster, Serving, Visit};
pub(crate) use socket::waiting;
pub(crate) use watched::Watched;
