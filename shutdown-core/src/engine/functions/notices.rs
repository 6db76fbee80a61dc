//! The futures of the two notices.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
#[cfg(feature = "http")]
use crate::sync::notice::Notice;
use crate::sync::notice::Waiting;

impl Lifecycle {
    /// Does what [`stopping`](crate::stopping) does, for this lifecycle.
    pub fn stopping(&self) -> Stopping {
        Stopping { notice: self.notices().stopping.wait(), lifecycle: Some(self.clone()) }
    }

    /// Does what [`draining`](crate::draining) does, for this lifecycle.
    pub fn draining(&self) -> Draining {
        Draining { notice: self.notices().draining.wait(), lifecycle: Some(self.clone()) }
    }
}

/// The future that [`stopping`](crate::stopping) returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Stopping {
    notice: Waiting,
    /// `Some` until the first poll.
    lifecycle: Option<Lifecycle>,
}

/// The future that [`draining`](crate::draining) returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Draining {
    notice: Waiting,
    /// `Some` until the first poll.
    lifecycle: Option<Lifecycle>,
}

impl Future for Stopping {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // The check avoids a write in every poll after the first.
        if self.lifecycle.is_some() {
            self.begin();
        }
        Pin::new(&mut self.notice).poll(cx)
    }
}

impl Stopping {
    /// Waits for the notice of a server, which implies `ready` by itself.
    #[cfg(feature = "http")]
    pub(crate) fn of(notice: &Notice) -> Stopping {
        Stopping { notice: notice.wait(), lifecycle: None }
    }

    #[cold]
    fn begin(&mut self) {
        if let Some(lifecycle) = self.lifecycle.take()
            && context::is_main()
        {
            lifecycle.ready();
        }
    }
}

impl Future for Draining {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.lifecycle.is_some() {
            self.begin();
        }
        Pin::new(&mut self.notice).poll(cx)
    }
}

impl Draining {
    /// Waits for the notice of a server, which implies `ready` by itself.
    #[cfg(feature = "http")]
    pub(crate) fn of(notice: &Notice) -> Draining {
        Draining { notice: notice.wait(), lifecycle: None }
    }

    #[cold]
    fn begin(&mut self) {
        if let Some(lifecycle) = self.lifecycle.take() {
            lifecycle.ready();
        }
    }
}
