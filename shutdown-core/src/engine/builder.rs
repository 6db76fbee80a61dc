//! A lifecycle by hand, for tests, for libraries, and for programs with a `main` of their own.

use std::time::Duration;

use super::clock::Clock;
use super::host::Caller;
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use crate::budget::{DEFAULT_GRACE, SHORTEST_GRACE};
use crate::report::Report;
use crate::sequence::Config;

/// The configuration of a [`Lifecycle`] that is built by hand.
///
/// | setting | default |
/// |---|---|
/// | [`grace`](Builder::grace) | 25 s |
/// | [`lame_duck`](Builder::lame_duck) | 0 s |
/// | [`job`](Builder::job) | off |
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` or `block_on`"]
pub struct Builder(Config);

impl Lifecycle {
    /// Returns a builder for a lifecycle without `#[lifecycle::main]`.
    ///
    /// Such a lifecycle installs no signal handlers and never ends the process. Its stop begins when the future given to
    /// [`run`](Lifecycle::run) ends, or at a call of [`shutdown`](Lifecycle::shutdown).
    ///
    /// # Examples
    ///
    /// ```
    /// use lifecycle::Lifecycle;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let report = Lifecycle::builder()
    ///     .grace(Duration::from_secs(1))
    ///     .run(async {
    ///         lifecycle::defer("say goodbye", || async { println!("goodbye") });
    ///     })
    ///     .await;
    /// assert_eq!(report.exit_status(), 0);
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder(Config {
            grace: DEFAULT_GRACE,
            fits_into: DEFAULT_GRACE,
            lame_duck: Duration::ZERO,
            job: false,
        })
    }
}

impl Builder {
    /// Configures the total time from the first request to stop until the stop is over. Defaults to 25 s.
    ///
    /// # Panics
    ///
    /// Panics if `grace` is below 10 ms.
    #[track_caller]
    pub fn grace(mut self, grace: Duration) -> Builder {
        assert!(
            grace >= SHORTEST_GRACE,
            "`grace` is {}: a stop needs at least 10ms",
            humantime::format_duration(grace)
        );
        (self.0.grace, self.0.fits_into) = (grace, grace);
        self
    }

    /// Configures how long everything still works after the first request to stop. Defaults to 0 s.
    ///
    /// A load balancer needs this time to notice the stop. The lame duck ends earlier if the reserves of the later stages
    /// need the time.
    pub fn lame_duck(mut self, lame_duck: Duration) -> Builder {
        self.0.lame_duck = lame_duck;
        self
    }

    /// Configures a batch job: ready from the start, and without a lame duck.
    pub fn job(mut self) -> Builder {
        self.0.job = true;
        self
    }

    /// Builds the lifecycle. Instances can be managed in it before it runs.
    pub fn build(self) -> Lifecycle {
        Lifecycle::new(self.0, Clock::Tokio, Caller)
    }

    /// Builds the lifecycle and runs `future` in it. Everything else is as in [`Lifecycle::run`].
    ///
    /// # Panics
    ///
    /// Panics after the stop if `future` panics, or if the plan is invalid.
    pub async fn run<F>(self, future: F) -> Report
    where
        F: Future<Output: MainOutput>,
    {
        self.build().run(future).await
    }

    /// Builds the lifecycle and runs `future` in a multi-thread runtime. Everything else is as in [`Lifecycle::block_on`].
    ///
    /// # Errors
    ///
    /// Returns an error if the runtime cannot be built.
    ///
    /// # Panics
    ///
    /// Panics after the stop if `future` panics, or if the plan is invalid.
    pub fn block_on<F>(self, future: F) -> std::io::Result<Report>
    where
        F: Future<Output: MainOutput>,
    {
        self.build().block_on(future)
    }
}
