//! The end of a connection whose handler is done with it: the client reads the last bytes, and closes.
//!
//! A socket that closes with unread bytes, or that receives bytes after it has closed, answers with a reset. The reset can
//! overtake or destroy answers that the client has not read yet. So our side ends first (FIN), and the socket stays open
//! until the client has closed too.

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

use super::accept::{Entry, before};
use super::state::State;
use super::unread::{SocketId, sock_ref, socket};
use crate::edge::in_flight::Describe;

/// How long a client has to close after its kernel has confirmed our last byte.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(100);
/// How long a client that is reading may pause. Also the time to close if the kernel cannot be asked.
const STALL_TIMEOUT: Duration = Duration::from_secs(1);
/// How often the kernel is asked how much the client has confirmed.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What is known of a connection at its end.
pub(super) struct Last {
    /// The client has ended its side, and everything before that was read.
    pub(super) client_closed: bool,
    pub(super) last_write: Option<Instant>,
    pub(super) state: Arc<State>,
    /// The pass and the place of the connection.
    pub(super) entry: Arc<Entry>,
}

/// Closes a connection: now if the client has everything, else in a task of its own, which the drain waits for.
pub(super) fn close<I>(mut io: I, last: Last)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Last { client_closed, last_write, state, entry } = last;
    let socket = socket(&io);
    if let (Some(known), Some(socket)) = (sock_ref(&io), socket) {
        let is_confirmed = socket.unconfirmed_bytes().map_or(client_closed, |bytes| bytes == 0);
        let long_ago = last_write.is_none_or(|at| at.elapsed() >= CLOSE_TIMEOUT);
        let is_quiet = client_closed || long_ago && socket.unread_bytes() == 0;
        // An error: the connection is gone.
        if is_confirmed && is_quiet || known.shutdown(Shutdown::Write).is_err() {
            return;
        }
    }
    let site = Arc::clone(state.site());
    // The connection may be dropped on a thread that is not of the runtime.
    let _runtime = site.runtime.enter();
    site.edge.spawn(async move {
        let site = state.site();
        let lingering = Arc::new(Lingering { client: state.client() });
        let _named = site.in_flight.name(lingering);
        let mut work_cut = site.edge.work_cut().wait();
        before(&mut work_cut, async {
            if socket.is_none() {
                // An error ends the connection as well.
                let _ = tokio::time::timeout(STALL_TIMEOUT, io.shutdown()).await;
            }
            linger(&mut io, client_closed, || socket.and_then(SocketId::unconfirmed_bytes)).await;
        })
        .await;
        // The socket is closed before its place is free.
        drop(io);
        drop(entry);
    });
}

async fn linger(
    io: &mut (impl AsyncRead + Unpin),
    mut client_closed: bool,
    unconfirmed: impl Fn() -> Option<usize>,
) {
    let mut patience = Patience::new(unconfirmed(), Instant::now());
    let mut ignored = vec![0; 4096];
    loop {
        if client_closed {
            tokio::time::sleep(LOOK_INTERVAL).await;
        } else {
            match tokio::time::timeout(LOOK_INTERVAL, io.read(&mut ignored)).await {
                Ok(Ok(0)) => client_closed = true,
                Ok(Ok(_)) | Err(_) => {}
                Ok(Err(_)) => return,
            }
        }
        let left = unconfirmed();
        if client_closed && left.is_none_or(|bytes| bytes == 0) || !patience.lasts(left, Instant::now()) {
            return;
        }
    }
}

/// How long the server waits for the client.
struct Patience {
    unconfirmed: Option<usize>,
    until: Instant,
}

impl Patience {
    fn new(unconfirmed: Option<usize>, now: Instant) -> Patience {
        let time = if unconfirmed == Some(0) { CLOSE_TIMEOUT } else { STALL_TIMEOUT };
        Patience { unconfirmed, until: now + time }
    }

    /// Whether the server waits on. It does as long as the client makes progress.
    fn lasts(&mut self, unconfirmed: Option<usize>, now: Instant) -> bool {
        if unconfirmed < self.unconfirmed {
            *self = Patience::new(unconfirmed, now);
        }
        now < self.until
    }
}

struct Lingering {
    client: String,
}

impl Describe for Lingering {
    fn doing(&self) -> String {
        "its client has not closed yet".to_owned()
    }

    fn client(&self) -> String {
        self.client.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_client_that_reads_on_is_waited_for() {
        let begun = Instant::now();
        let mut patience = Patience::new(Some(10_000), begun);
        assert!(patience.lasts(Some(10_000), begun + ms(999)));
        assert!(patience.lasts(Some(9_000), begun + ms(999)));
        assert!(patience.lasts(Some(9_000), begun + ms(1_998)));
        assert!(!patience.lasts(Some(9_000), begun + ms(1_999)));
    }

    #[test]
    fn a_client_that_has_everything_has_100_ms_to_close() {
        let begun = Instant::now();
        let mut patience = Patience::new(Some(1), begun);
        assert!(patience.lasts(Some(0), begun + ms(500)));
        assert!(patience.lasts(Some(0), begun + ms(599)));
        assert!(!patience.lasts(Some(0), begun + ms(600)));
    }

    #[test]
    fn a_kernel_that_cannot_be_asked_gives_the_client_a_second() {
        let begun = Instant::now();
        let mut patience = Patience::new(None, begun);
        assert!(patience.lasts(None, begun + ms(999)));
        assert!(!patience.lasts(None, begun + ms(1_000)));
    }
}
