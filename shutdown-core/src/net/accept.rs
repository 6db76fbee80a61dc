//! The accept loop: accepts until the drain begins, and then empties the accept queue.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::closing::{Closing, Sealed};
use super::kernel::errno;
use super::listener::{Listener, Peer};
use crate::edge::Edge;
use crate::edge::in_flight::{InFlight, Note, Words};

/// How long the loop pauses before it accepts again when descriptors or memory have run out. The pause doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long those pauses may take in all while the queue is emptied. Connections that end give back what is missing.
const PAUSES_WHILE_EMPTYING: Duration = Duration::from_secs(1);

/// How long a handshake that the client believes to be complete may take to reach the accept queue. The listener stays
/// open for the first time in any case, and for the second while other connections keep the server running anyway.
const HANDSHAKE_LEAST: Duration = Duration::from_millis(2);
const HANDSHAKE_MOST: Duration = Duration::from_millis(500);
/// How often the queue is looked at in that time. The end of the server waits for the last look.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// How many connections are taken from the queue at the end, however fast it is filled: far more than a queue can hold.
/// A limit in time would count the time in which the process did not run.
const MOST_EMPTIED: usize = 1 << 16;

const ACCEPT_FAILED: Note = Note {
    once: "an attempt to accept a connection failed",
    often: "attempts to accept a connection failed",
};

/// The words of a server for the report.
pub(crate) fn words_for(kind: &str, listener: &impl Listener) -> Words {
    Words {
        owner: format!("{kind} at {}", listener.address()),
        unnamed: "a connection",
        source: "its listener",
        has_last_word: false,
    }
}

/// A listener, and what its connections belong to.
pub(crate) struct Door<'a, L> {
    pub(crate) listener: L,
    pub(crate) edge: &'a Edge,
    pub(crate) in_flight: &'a InFlight,
}

impl<L: Listener> Door<'_, L> {
    /// Hands each connection to `enter` until the drain begins, then those in the accept queue. Closes the listener.
    ///
    /// # Errors
    ///
    /// If the listener will never accept again.
    pub(crate) async fn run(mut self, mut enter: impl FnMut(L::Io, Peer)) -> io::Result<()> {
        let mut drain = self.edge.draining().wait();
        let mut pause = FIRST_PAUSE;
        loop {
            let accepted = poll_fn(|cx| {
                // The drain is polled first: under load there is always a connection to accept.
                if Pin::new(&mut drain).poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                self.listener.poll_accept(cx).map(Some)
            });
            match accepted.await {
                None => break,
                Some(Ok((io, peer))) => {
                    pause = FIRST_PAUSE;
                    enter(io, peer);
                }
                Some(Err(error)) => match Trouble::of(&error) {
                    Trouble::OneConnection => {}
                    Trouble::Resources => {
                        note_failure(self.in_flight, &error);
                        if tokio::time::timeout(pause, &mut drain).await.is_ok() {
                            break;
                        }
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    Trouble::Listener => return Err(error),
                },
            }
        }
        if let Some(mut queue) = self.listener.begin_closing(Sealed::new()) {
            empty(&mut *queue, self.in_flight, &mut enter).await;
        }
        Ok(())
    }
}

/// Hands over the connections in the queue, and those whose handshake is about to be complete.
async fn empty<Io>(queue: &mut dyn Closing<Io>, in_flight: &InFlight, enter: &mut impl FnMut(Io, Peer)) {
    let begun = Instant::now();
    let (mut pause, mut paused) = (FIRST_PAUSE, Duration::ZERO);
    let mut left = MOST_EMPTIED;
    // The first look after the whole of the least time, the later ones more often.
    let mut next_look = HANDSHAKE_LEAST;
    loop {
        while left > 0 {
            left -= 1;
            match queue.try_accept() {
                Ok(Some((io, peer))) => {
                    enter(io, peer);
                    // So that the connections are served meanwhile.
                    tokio::task::consume_budget().await;
                }
                Ok(None) => break,
                Err(error) => match Trouble::of(&error) {
                    Trouble::OneConnection => {}
                    Trouble::Resources if paused < PAUSES_WHILE_EMPTYING => {
                        note_failure(in_flight, &error);
                        tokio::time::sleep(pause).await;
                        paused += pause;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    Trouble::Resources | Trouble::Listener => return,
                },
            }
        }
        // A client that has sent the last packet of its handshake believes that it is connected.
        let waited = begun.elapsed();
        let costs_nothing = waited < HANDSHAKE_MOST && in_flight.is_busy() && queue.is_sole();
        if left == 0 || waited >= HANDSHAKE_LEAST && !costs_nothing {
            return;
        }
        tokio::time::sleep(next_look).await;
        next_look = LOOK_INTERVAL;
    }
}

fn note_failure(in_flight: &InFlight, error: &io::Error) {
    if in_flight.note(ACCEPT_FAILED, Some(error.to_string())) == 1 {
        tracing::warn!(server = in_flight.owner(), %error, "cannot accept connections at the moment");
    }
}

/// What an error of `accept(2)` is about.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// This connection only. `accept(2)` also returns what the network did to the connection.
    OneConnection,
    /// Descriptors or memory, at the moment.
    Resources,
    /// The listener: it will never accept again.
    Listener,
}

/// Whether the listener will never accept again.
#[cfg(feature = "http")]
pub(crate) fn is_fatal(error: &io::Error) -> bool {
    Trouble::of(error) == Trouble::Listener
}

impl Trouble {
    fn of(error: &io::Error) -> Trouble {
        match error.raw_os_error() {
            Some(errno::EBADF | errno::EINVAL | errno::ENOTSOCK | errno::EOPNOTSUPP | errno::EFAULT) => {
                Trouble::Listener
            }
            // An error without a number comes from a user's own listener. Asking again at once could be a busy loop.
            Some(errno::EMFILE | errno::ENFILE | errno::ENOBUFS | errno::ENOMEM | errno::EPERM) | None => {
                Trouble::Resources
            }
            Some(_) => Trouble::OneConnection,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aborted_connection_does_not_pause_the_loop() {
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(errno::ECONNABORTED)), Trouble::OneConnection);
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(errno::EMFILE)), Trouble::Resources);
        assert_eq!(Trouble::of(&io::Error::other("of the user's listener")), Trouble::Resources);
    }

    #[test]
    fn a_listener_that_cannot_accept_ends_the_server() {
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(errno::EINVAL)), Trouble::Listener);
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(errno::ENFILE)), Trouble::Resources);
    }
}
