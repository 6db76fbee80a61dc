//! A lifecycle by hand: for tests, for libraries, for programs with a `main` of their own.

use std::time::Duration;

use super::clock::Clock;
use super::host::Caller;
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use crate::report::Report;
use crate::sequence::Config;

/// The grace of a lifecycle that does not say: under the 30 s after which Kubernetes kills.
pub(crate) const GRACE: Duration = Duration::from_secs(25);

/// What a lifecycle is to be like.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` or `block_on`"]
pub struct Builder(Config);

impl Lifecycle {
    /// A lifecycle without `#[lifecycle::main]`. It installs no signal handlers and never ends the process; its stop
    /// begins when the future given to [`run`](Lifecycle::run) ends, or by [`shutdown`](Lifecycle::shutdown).
    pub fn builder() -> Builder {
        Builder(Config { grace: GRACE, lame_duck: Duration::ZERO, job: false })
    }
}

impl Builder {
    /// The total time from the request to stop until everything is over. 25 s if not given.
    ///
    /// # Panics
    ///
    /// If `grace` is zero.
    pub fn grace(mut self, grace: Duration) -> Builder {
        assert!(!grace.is_zero(), "`grace` is zero: a stop needs some time");
        self.0.grace = grace;
        self
    }

    /// How long everything still works after the request to stop, so that load balancers learn of it. 0 s if not
    /// given; never longer than what the later stages leave.
    pub fn lame_duck(mut self, lame_duck: Duration) -> Builder {
        self.0.lame_duck = lame_duck;
        self
    }

    /// Ready from the start, and without a lame duck: a batch job.
    pub fn job(mut self) -> Builder {
        self.0.job = true;
        self
    }

    /// The lifecycle, to manage instances in before it runs.
    pub fn build(self) -> Lifecycle {
        Lifecycle::new(self.0, Clock::Tokio, Caller)
    }

    /// Builds the lifecycle and runs `future` in it; see [`Lifecycle::run`].
    pub async fn run<F>(self, future: F) -> Report
    where
        F: Future<Output: MainOutput>,
    {
        self.build().run(future).await
    }

    /// The same in a multi-thread runtime of its own, which is left at most 100 ms after the stop.
    ///
    /// # Errors
    ///
    /// If the runtime cannot be built.
    pub fn block_on<F>(self, future: F) -> std::io::Result<Report>
    where
        F: Future<Output: MainOutput>,
    {
        self.build().block_on(future)
    }
}
