//! A lifecycle by hand, for tests, for libraries, and for programs with a `main` of their own.

use std::borrow::Cow;
use std::time::Duration;

use super::clock::Clock;
use super::host::Caller;
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use crate::budget::{DEFAULT_GRACE, SHORTEST_GRACE};
use crate::observe::observers::Declared;
use crate::report::{Fact, Report};
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
pub struct Builder {
    config: Config,
    observers: Declared,
}

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
        Builder {
            config: Config {
                grace: DEFAULT_GRACE,
                fits_into: DEFAULT_GRACE,
                lame_duck: Duration::ZERO,
                job: false,
            },
            observers: Declared::default(),
        }
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
        (self.config.grace, self.config.fits_into) = (grace, grace);
        self
    }

    /// Lowers grace as `LIFECYCLE_GRACE` does: time-outs that fit into the old one are scaled (R12).
    #[cfg(feature = "testing")]
    pub(crate) fn lowered_to(mut self, grace: Duration) -> Builder {
        self.config.grace = self.config.grace.min(grace);
        self
    }

    /// Configures how long everything still works after the first request to stop. Defaults to 0 s.
    ///
    /// A load balancer needs this time to notice the stop. The lame duck ends earlier if the reserves of the later stages
    /// need the time.
    pub fn lame_duck(mut self, lame_duck: Duration) -> Builder {
        self.config.lame_duck = lame_duck;
        self
    }

    /// Configures a batch job: ready from the start, and without a lame duck.
    pub fn job(mut self) -> Builder {
        self.config.job = true;
        self
    }

    /// Adds an observer: a function that receives each [`Fact`] of this lifecycle, the last of which is the report (R34).
    ///
    /// The function runs on a thread of its own, one fact after the other, outside of the runtime. So it may block, and it
    /// cannot delay the stop:
    ///
    /// - An observer that is slow has 1,024 facts in its queue. Further ones are dropped, except for the report.
    /// - After the stop, all observers together have at most 100 ms to receive what is left.
    /// - A panic costs the fact that caused it. The next fact is received.
    ///
    /// The page [`observability`](crate::observability) lists the observers that exist already.
    ///
    /// The report names an observer that did not receive everything, in its [notes](Report::notes), by `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lifecycle::{FactKind, Lifecycle};
    /// use std::sync::mpsc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (sender, facts) = mpsc::channel();
    /// let report = Lifecycle::builder()
    ///     .observer("stages", move |fact| {
    ///         if let FactKind::Entered { stage, .. } = fact.kind {
    ///             let _ = sender.send(stage.to_string());
    ///         }
    ///     })
    ///     .run(async {})
    ///     .await;
    /// assert!(report.is_clean());
    /// assert_eq!(facts.iter().collect::<Vec<_>>(), ["drain", "cleanup"]);
    /// # }
    /// ```
    #[doc(alias("listener", "subscriber", "callback"))]
    pub fn observer(
        mut self,
        name: impl Into<Cow<'static, str>>,
        observe: impl Fn(&Fact) + Send + Sync + 'static,
    ) -> Builder {
        self.observers.add(name.into(), observe);
        self
    }

    /// Builds the lifecycle. Instances can be managed in it before it runs.
    pub fn build(self) -> Lifecycle {
        Lifecycle::new(self.config, Clock::Tokio, Caller::default(), self.observers.into_observers())
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
