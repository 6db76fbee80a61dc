//! The accept loop: in at the door until the drain begins, then whoever stands in the queue.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::decoy::Decoy;
use super::listener::{Listener, Peer};
use super::serving::Roster;
use crate::engine::lifecycle::Lifecycle;

/// How long it waits before it accepts again where descriptors or memory ran out: doubled each time, up to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));
/// How long a connection may take to get from the network into the queue once nobody new is let in: so long for sure,
/// and so long while others are at work all the same.
const UNDER_WAY: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(500));
/// Meanwhile it looks again after this, at the latest: whoever waits for the end of the server waits for it.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// The emptying of the queue ends after so many, however fast it is filled: far more than any queue holds. Not after a
/// time, in which the process may not have run at all.
const EMPTYING: usize = 1 << 16;
/// It waits no longer than this, in all, where descriptors or memory ran out.
const WANTING: Duration = Duration::from_secs(1);

/// A listener, and what it is for.
pub(crate) struct Door<'a, L> {
    pub(crate) listener: L,
    pub(crate) lifecycle: &'a Lifecycle,
    pub(crate) roster: &'a Roster,
}

impl<L: Listener> Door<'_, L> {
    /// Hands over each connection until the drain begins, and then those that the kernel has let in; closes behind
    /// them.
    ///
    /// # Errors
    ///
    /// If the listener cannot accept, and never will.
    pub(crate) async fn keep(mut self, mut enter: impl FnMut(L::Io, Peer)) -> io::Result<()> {
        let mut drain = self.lifecycle.notices().draining.wait();
        let mut pause = BACK_OFF.0;
        loop {
            let accepted = poll_fn(|cx| {
                // The stop goes first: under load there is always somebody at the door.
                if Pin::new(&mut drain).poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                self.listener.poll_accept(cx).map(Some)
            });
            match accepted.await {
                None => break,
                Some(Ok((io, peer))) => {
                    pause = BACK_OFF.0;
                    enter(io, peer);
                }
                Some(Err(error)) => match Trouble::of(&error) {
                    Trouble::OfOne => {}
                    Trouble::OfAll => {
                        self.roster.note_trouble(&error);
                        if tokio::time::timeout(pause, &mut drain).await.is_ok() {
                            break;
                        }
                        pause = (pause * 2).min(BACK_OFF.1);
                    }
                    Trouble::ForEver => return Err(error),
                },
            }
        }
        if !self.listener.is_handed_on() {
            Closing::begin(self.listener).empty(self.roster, &mut enter).await;
        }
        Ok(())
    }
}

/// A listener that lets nobody in who is new. Closed when this is dropped, for the user may drop the server meanwhile.
struct Closing<L: Listener> {
    listener: Option<L>,
    /// Behind the listener.
    _decoy: Option<Decoy>,
}

impl<L: Listener> Closing<L> {
    fn begin(mut listener: L) -> Closing<L> {
        let decoy = listener.refuse_new();
        Closing { listener: Some(listener), _decoy: decoy }
    }

    async fn empty(&mut self, roster: &Roster, enter: &mut impl FnMut(L::Io, Peer)) {
        let Some(listener) = &mut self.listener else { return };
        let begun = Instant::now();
        let (mut pause, mut paused, mut look_again) = (BACK_OFF.0, Duration::ZERO, UNDER_WAY.0);
        let mut left = EMPTYING;
        loop {
            while left > 0 {
                left -= 1;
                match listener.try_accept() {
                    Ok(Some((io, peer))) => {
                        enter(io, peer);
                        // So that they are served meanwhile.
                        tokio::task::consume_budget().await;
                    }
                    Ok(None) => break,
                    Err(error) => match Trouble::of(&error) {
                        Trouble::OfOne => {}
                        Trouble::OfAll if paused < WANTING => {
                            // Connections that end give back what is wanting.
                            roster.note_trouble(&error);
                            tokio::time::sleep(pause).await;
                            paused += pause;
                            pause = (pause * 2).min(BACK_OFF.1);
                        }
                        Trouble::OfAll | Trouble::ForEver => return,
                    },
                }
            }
            // Whoever has sent the last packet of the handshake by now believes to be connected.
            let waited = begun.elapsed();
            let worth_it = waited < UNDER_WAY.1 && roster.is_at_work() && listener.is_sole();
            if left == 0 || waited >= UNDER_WAY.0 && !worth_it {
                return;
            }
            tokio::time::sleep(look_again).await;
            look_again = (look_again * 2).min(LOOK_AGAIN);
        }
    }
}

impl<L: Listener> Drop for Closing<L> {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.close();
        }
    }
}

/// What an error of `accept` is about.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// This connection only: the next one may be well. `accept(2)` hands on what the network did to it.
    OfOne,
    /// Descriptors or memory, for now.
    OfAll,
    /// The listener.
    ForEver,
}

/// Whether the listener will never accept again.
pub(crate) fn is_fatal(error: &io::Error) -> bool {
    Trouble::of(error) == Trouble::ForEver
}

impl Trouble {
    fn of(error: &io::Error) -> Trouble {
        match error.raw_os_error() {
            Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EOPNOTSUPP | libc::EFAULT) => {
                Trouble::ForEver
            }
            // Without a number it is a listener of the user's: whatever it is, do not ask again at once.
            Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM | libc::EPERM) | None => {
                Trouble::OfAll
            }
            Some(_) => Trouble::OfOne,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll};

    use super::{Closing, Decoy, Listener, Peer, Trouble};

    /// Notes what it is told.
    struct Told(Arc<Mutex<Vec<&'static str>>>);

    impl Listener for Told {
        type Io = tokio::net::TcpStream;

        fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Peer)>> {
            Poll::Pending
        }

        fn refuse_new(&mut self) -> Option<Decoy> {
            self.0.lock().unwrap().push("refuse");
            None
        }

        fn close(self) {
            self.0.lock().unwrap().push("close");
        }

        fn address(&self) -> String {
            "nowhere".to_owned()
        }
    }

    #[test]
    fn a_listener_whose_emptying_is_dropped_is_closed_all_the_same() {
        let told = Arc::default();
        drop(Closing::begin(Told(Arc::clone(&told))));
        assert_eq!(*told.lock().unwrap(), ["refuse", "close"]);
    }

    #[test]
    fn an_aborted_connection_is_no_reason_to_wait() {
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(libc::ECONNABORTED)), Trouble::OfOne);
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(libc::EMFILE)), Trouble::OfAll);
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(libc::EINVAL)), Trouble::ForEver);
        assert_eq!(Trouble::of(&io::Error::other("of the user's")), Trouble::OfAll);
    }
}
