//! The methods of a [`Lifecycle`] that mirror the functions at the root of the crate.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::context;
use super::lifecycle::Lifecycle;
use crate::report::Reason;
use crate::sequence::Event;
use crate::stage::Stage;

/// The functions at the root of the crate, for this lifecycle.
impl Lifecycle {
    /// Returns the innermost lifecycle around the calling task or thread, or `None` outside of every lifecycle.
    ///
    /// Under [`lifecycle::main`](macro@crate::main#inside-and-outside-of-a-lifecycle) each thread of the process is inside,
    /// also a thread of another runtime.
    pub fn current() -> Option<Lifecycle> {
        context::with(|lifecycle| Some(lifecycle?.clone()))
    }

    /// Runs the closure `f` with this lifecycle as the current one.
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> R {
        context::enter(self, f)
    }

    /// Ends the start-up: see [`ready`](crate::ready).
    pub fn ready(&self) {
        if self.engine().ready.set() {
            self.on(Event::Ready);
        }
    }

    /// Returns whether the start-up has ended.
    pub fn is_ready(&self) -> bool {
        self.engine().ready.is_set()
    }

    /// Returns the stage that this lifecycle is in.
    pub fn stage(&self) -> Stage {
        self.engine().steps().sequence.stage()
    }

    /// Returns whether the stop has begun: see [`is_stopping`](crate::is_stopping).
    pub fn is_stopping(&self) -> bool {
        self.notices().stopping.is_fired()
    }

    /// Returns the time that is left: see [`remaining`](crate::remaining).
    pub fn remaining(&self) -> Option<Duration> {
        let teardown = context::teardown();
        let steps = self.engine().steps();
        let own = teardown.and_then(|id| steps.sequence.limit(id));
        let until = own.or_else(|| steps.sequence.deadline())?;
        Some(until.saturating_duration_since(self.now()))
    }

    /// Returns the time until the drain ends: see [`drain_remaining`](crate::drain_remaining).
    pub fn drain_remaining(&self) -> Duration {
        let now = self.now();
        self.engine().steps().sequence.drain_remaining(now)
    }

    /// Begins the stop: see [`shutdown`](crate::shutdown).
    pub fn shutdown(&self, reason: impl Into<Cow<'static, str>>) {
        self.on(Event::Stop(Reason::Requested { reason: reason.into() }));
    }

    /// Begins the stop because of an error: see [`fail`](crate::fail).
    pub fn fail(&self, error: impl fmt::Display) {
        self.on(Event::Stop(Reason::Failed { error: error.to_string() }));
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle").field("stage", &self.stage()).finish_non_exhaustive()
    }
}
