//! The accept loop: in at the door until the drain begins, then whoever stands in the queue.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use super::listener::{Listener, Peer};
use super::serving::Roster;
use crate::lifecycle::Lifecycle;

/// How long it waits before it accepts again where descriptors or memory ran out: doubled each time, up to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));
/// How long a connection may take to get from the network into the queue once nobody new is let in.
const UNDER_WAY: Duration = Duration::from_millis(2);
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
        let mut drain = self.lifecycle.drain_notice().wait();
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
            self.listener.admit(false);
            self.empty(&mut enter).await;
            self.listener.admit(true);
        }
        Ok(())
    }

    async fn empty(&mut self, enter: &mut impl FnMut(L::Io, Peer)) {
        let (mut pause, mut waited) = (BACK_OFF.0, Duration::ZERO);
        let mut left = EMPTYING;
        // Twice: what was on its way has come by the second time.
        for last in [false, true] {
            while left > 0 {
                left -= 1;
                match self.listener.try_accept() {
                    Ok(Some((io, peer))) => {
                        enter(io, peer);
                        // So that they are served meanwhile.
                        tokio::task::consume_budget().await;
                    }
                    Ok(None) => break,
                    Err(error) => match Trouble::of(&error) {
                        Trouble::OfOne => {}
                        Trouble::OfAll if waited >= WANTING => return,
                        Trouble::OfAll => {
                            // Connections that end give back what is wanting.
                            self.roster.note_trouble(&error);
                            tokio::time::sleep(pause).await;
                            waited += pause;
                            pause = (pause * 2).min(BACK_OFF.1);
                        }
                        Trouble::ForEver => return,
                    },
                }
            }
            if !last {
                tokio::time::sleep(UNDER_WAY).await;
            }
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
    use super::Trouble;
    use std::io;

    #[test]
    fn an_aborted_connection_is_no_reason_to_wait() {
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(libc::ECONNABORTED)), Trouble::OfOne);
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(libc::EMFILE)), Trouble::OfAll);
        assert_eq!(Trouble::of(&io::Error::from_raw_os_error(libc::EINVAL)), Trouble::ForEver);
        assert_eq!(Trouble::of(&io::Error::other("of the user's")), Trouble::OfAll);
    }
}
