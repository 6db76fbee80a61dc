//! The accept loop: accepts until the drain begins, and then empties the accept queue.
//!
//! A server with a limit accepts a connection after a place is free, so that its clients wait in the accept queue. The
//! drain takes them all out of the queue, because the listener closes. They wait here for their places.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::closing::{Closing, Sealed, Why};
use super::kernel::errno;
use super::listener::{Listener, Peer};
use super::places::{Place, Places};
use crate::edge::Edge;
use crate::edge::in_flight::{InFlight, Note, Words};
use crate::sync::gate::Pass;
use crate::sync::notice::{Notice, Waiting};

/// How long the loop pauses before it accepts again when descriptors or memory have run out. The pause doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long those pauses may take in all while the queue is emptied. Connections that end give back what is missing.
const PAUSES_WHILE_EMPTYING: Duration = Duration::from_secs(1);

/// How long a handshake that the client believes to be complete may take to reach the accept queue. The listener stays
/// open for the first time in any case, and for the second while other connections keep the server running anyway.
const HANDSHAKE_LEAST: Duration = Duration::from_millis(2);
const HANDSHAKE_MOST: Duration = Duration::from_millis(500);
/// The same for a listener that another process may hold. Its new clients wait for a second meanwhile.
const HANDSHAKE_MOST_SHARED: Duration = Duration::from_millis(10);
/// How often the queue is looked at in that time. The end of the server waits for the last look.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// How many connections are taken from the queue at the end, however fast it is filled: far more than a queue can hold.
/// A limit in time would count the time in which the process did not run.
const MOST_EMPTIED: usize = 1 << 16;
/// The same for a queue that the kernel goes on filling for the next process: as many as `listen` lets it hold.
const MOST_HANDED_ON: usize = 4_096;

const ACCEPT_FAILED: Note = Note {
    once: "an attempt to accept a connection failed",
    often: "attempts to accept a connection failed",
};

const NO_PLACE: Note = Note {
    once: "a connection was closed before `max_connections` had a place for it",
    often: "connections were closed before `max_connections` had a place for them",
};

/// The words of a server for the report.
pub(crate) fn words_for(kind: &str, listener: &impl Listener) -> Words {
    Words {
        #[cfg(feature = "metrics")]
        count: |counts| &mut counts.connections,
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
    /// Fires when the server accepts no more connections.
    pub(crate) drain: &'a Notice,
    pub(crate) in_flight: &'a InFlight,
    pub(crate) places: Places,
}

/// What a connection holds until its socket is closed.
#[derive(Debug)]
pub(crate) struct Entry {
    _place: Place,
    _pass: Pass,
}

impl<L: Listener> Door<'_, L> {
    /// Hands each connection to `enter` until the drain begins, then those in the accept queue. Closes the listener.
    ///
    /// # Errors
    ///
    /// If the listener will never accept again.
    pub(crate) async fn run(mut self, enter: impl FnMut(L::Io, Peer, Entry)) -> io::Result<()> {
        let mut drain = self.drain.wait();
        let mut hall =
            Hall { places: self.places, in_flight: self.in_flight, enter, waiting: VecDeque::new() };
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(place) = before(&mut drain, hall.places.take()).await else { break };
            // The drain is polled first: under load there is always a connection to accept.
            match before(&mut drain, poll_fn(|cx| self.listener.poll_accept(cx))).await {
                None => break,
                Some(Ok((io, peer))) => {
                    pause = FIRST_PAUSE;
                    hall.enter(io, peer, place);
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
        let why = if self.edge.lifecycle().is_stopping() { Why::Stop } else { Why::ServerEnds };
        if let Some(mut queue) = self.listener.begin_closing(Sealed::new(why)) {
            empty(&mut *queue, &mut hall).await;
        }
        before(&mut self.edge.work_cut().wait(), hall.hand_over()).await;
        Ok(())
    }
}

/// Waits for `future`. `None` if the notice fires first.
pub(super) async fn before<F: Future>(notice: &mut Waiting, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if Pin::new(&mut *notice).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Where accepted connections wait for a place. Only the drain accepts more of them than there are places.
struct Hall<'a, Io, E> {
    places: Places,
    in_flight: &'a InFlight,
    enter: E,
    waiting: VecDeque<(Io, Peer)>,
}

impl<Io, E: FnMut(Io, Peer, Entry)> Hall<'_, Io, E> {
    fn enter(&mut self, io: Io, peer: Peer, place: Place) {
        let Some(pass) = self.in_flight.pass() else { return };
        (self.enter)(io, peer, Entry { _place: place, _pass: pass });
    }

    /// Takes in a connection, whose turn comes after those that wait already.
    fn take_in(&mut self, io: Io, peer: Peer) {
        self.waiting.push_back((io, peer));
        while !self.waiting.is_empty()
            && let Some(place) = self.places.try_take()
        {
            self.enter_first(place);
        }
    }

    /// Hands over the connections that wait, each after a place is free. Cancel safe.
    async fn hand_over(&mut self) {
        while !self.waiting.is_empty() {
            let place = self.places.take().await;
            self.enter_first(place);
        }
    }

    fn enter_first(&mut self, place: Place) {
        if let Some((io, peer)) = self.waiting.pop_front() {
            self.enter(io, peer, place);
        }
    }

    /// Hands over the connections that wait, for this time.
    async fn pause(&mut self, time: Duration) {
        let mut pause = pin!(tokio::time::sleep(time));
        if tokio::time::timeout_at(pause.deadline(), self.hand_over()).await.is_ok() {
            pause.as_mut().await;
        }
    }
}

/// The server may be dropped at any time, also because the time of the drain is up.
impl<Io, E> Drop for Hall<'_, Io, E> {
    fn drop(&mut self) {
        for _ in &self.waiting {
            self.in_flight.note(NO_PLACE, None);
        }
    }
}

/// Hands over the connections in the queue, and those whose handshake is about to be complete.
async fn empty<Io, E>(queue: &mut dyn Closing<Io>, hall: &mut Hall<'_, Io, E>)
where
    E: FnMut(Io, Peer, Entry),
{
    let begun = Instant::now();
    let (mut pause, mut paused) = (FIRST_PAUSE, Duration::ZERO);
    let is_handed_on = queue.is_handed_on();
    let mut left = if is_handed_on { MOST_HANDED_ON } else { MOST_EMPTIED };
    // The first look after the whole of the least time, the later ones more often.
    let mut next_look = HANDSHAKE_LEAST;
    loop {
        while left > 0 {
            left -= 1;
            match queue.try_accept() {
                Ok(Some((io, peer))) => {
                    hall.take_in(io, peer);
                    // So that the connections are served meanwhile.
                    tokio::task::consume_budget().await;
                }
                Ok(None) => break,
                Err(error) => match Trouble::of(&error) {
                    Trouble::OneConnection => {}
                    // A connection that ends gives back its descriptor. If the server waits for it in any case, the queue
                    // can wait too, unless another process needs the listener.
                    Trouble::Resources if is_handed_on => return,
                    Trouble::Resources
                        if paused < PAUSES_WHILE_EMPTYING || hall.in_flight.is_busy() && queue.is_sole() =>
                    {
                        note_failure(hall.in_flight, &error);
                        hall.pause(pause).await;
                        paused += pause;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    Trouble::Resources | Trouble::Listener => return,
                },
            }
        }
        if is_handed_on {
            return;
        }
        // A client that has sent the last packet of its handshake believes that it is connected.
        let waited = begun.elapsed();
        let most = if queue.is_sole() { HANDSHAKE_MOST } else { HANDSHAKE_MOST_SHARED };
        let costs_nothing = waited < most && hall.in_flight.is_busy();
        if left == 0 || waited >= HANDSHAKE_LEAST && !costs_nothing {
            return;
        }
        hall.pause(next_look).await;
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
