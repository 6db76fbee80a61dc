//! A release that blocks and cannot be cancelled, on a thread of its own.
//!
//! The runtime waits for its blocking threads when the process exits. Nothing waits for this thread, so a release that
//! hangs costs no more than the time of its teardown.
//!
//! The thread is outside of the teardown, so a call of `unconfirmed` has no effect there. The release returns what it does
//! not know, and calls `unconfirmed` afterwards.

use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::resource::scope::TeardownScope;
use crate::sync::catch::{Panic, catch};

/// The part of the teardown's time that a release on a thread of its own may use.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// The instant at which nobody waits for the release any more. `None` means no limit.
    until: Option<tokio::time::Instant>,
}

impl Time {
    fn of(scope: &TeardownScope) -> Self {
        Self { until: scope.time_for_release().map(|limit| tokio::time::Instant::now() + limit) }
    }

    /// Returns the time that is left, or `None` for a release without a limit.
    pub(super) fn left(self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(tokio::time::Instant::now()))
    }
}

/// Runs a release on a thread of its own. Returns `None` if it has not ended in time. A panic of the release goes on in
/// the caller.
pub(super) async fn apart<R: Send + 'static>(run: impl FnOnce(Time) -> R + Send + 'static) -> Option<R> {
    let time = Time::of(&TeardownScope::current());
    let (sender, receiver) = oneshot::channel::<Result<R, Panic>>();
    let work = move || drop(sender.send(catch(|| run(time))));
    let started = thread::Builder::new().name("lc-release".to_owned()).spawn(work);
    drop(started.expect("a thread for the release"));
    let ended = match time.left() {
        Some(left) => timeout(left, receiver).await.ok()?,
        None => receiver.await,
    };
    match ended.expect("the thread sends a result in any case") {
        Ok(result) => Some(result),
        Err(panic) => panic.resume(),
    }
}
