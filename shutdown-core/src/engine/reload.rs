//! Reload requests: a program reads its configuration again, and says whether it takes it (R33).

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::Stream;
use futures_util::future::poll_fn;
use tokio::sync::mpsc;

use super::lifecycle::Lifecycle;
use crate::report::FactKind;
use crate::sync::notice::Waiting;

/// The reload requests of one lifecycle, which [`reloads`](crate::reloads) returns.
///
/// Requests that arrive while the program still works on one count as one.
#[derive(Debug)]
#[must_use = "a request that nobody reads is not answered"]
pub struct Reloads {
    lifecycle: Lifecycle,
    stopping: Waiting,
    requests: mpsc::Receiver<()>,
}

impl Reloads {
    /// Waits for the next request. Returns `None` once the stop has begun.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a request that a dropped future did not return is returned by the next call.
    pub async fn next(&mut self) -> Option<Reload> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for Reloads {
    type Item = Reload;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Reload>> {
        if Pin::new(&mut self.stopping).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        self.requests.poll_recv(cx).map(|request| {
            request?;
            self.lifecycle.tell(FactKind::Reloading);
            Some(Reload {
                lifecycle: self.lifecycle.clone(),
                begun: self.lifecycle.now(),
                is_answered: false,
            })
        })
    }
}

/// One reload request. [`accept`](Reload::accept) or [`refuse`](Reload::refuse) answers it.
///
/// The log states the answer, and each [observer](crate::Builder::observer) receives it. A request that is dropped without
/// an answer, by an error or a panic, is refused.
#[must_use = "a request that is dropped is refused"]
pub struct Reload {
    lifecycle: Lifecycle,
    begun: Instant,
    is_answered: bool,
}

impl Reload {
    /// Says that the new configuration is in use.
    pub fn accept(mut self) {
        self.answer(None);
    }

    /// Says that the new configuration cannot be used, and why. The old one stays in use.
    pub fn refuse(mut self, error: impl fmt::Display) {
        self.answer(Some(format!("{error:#}")));
    }

    fn answer(&mut self, error: Option<String>) {
        self.is_answered = true;
        let took = self.lifecycle.now().saturating_duration_since(self.begun);
        self.lifecycle.tell(FactKind::Reloaded { took, error });
    }
}

impl Drop for Reload {
    fn drop(&mut self) {
        if !self.is_answered {
            self.answer(Some("the request was dropped without an answer".to_owned()));
        }
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").finish_non_exhaustive()
    }
}

impl Lifecycle {
    /// Does what [`reloads`](crate::reloads) does, for this lifecycle.
    ///
    /// # Panics
    ///
    /// Panics if the reload requests of this lifecycle are taken already.
    #[track_caller]
    pub fn reloads(&self) -> Reloads {
        let (sender, requests) = mpsc::channel(1);
        let is_first = self.engine().reloads.set(sender).is_ok();
        assert!(is_first, "the reload requests of this lifecycle are taken already: call `reloads` once");
        self.engine().host.takes_reloads();
        Reloads { lifecycle: self.clone(), stopping: self.notices().stopping.wait(), requests }
    }

    /// Does what [`request_reload`](crate::request_reload) does, for this lifecycle.
    pub fn request_reload(&self) -> bool {
        let Some(requests) = self.engine().reloads.get() else { return false };
        !self.is_stopping() && !matches!(requests.try_send(()), Err(mpsc::error::TrySendError::Closed(())))
    }

    /// Returns whether the program takes reload requests. Only Unix has a signal for that.
    #[cfg(unix)]
    pub(crate) fn takes_reloads(&self) -> bool {
        self.engine().reloads.get().is_some()
    }
}
