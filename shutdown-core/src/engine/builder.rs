//! A lifecycle by hand: for tests, for libraries, for programs with a `main` of their own.

use std::fmt;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::engine::context::{self, Scoped};
use crate::engine::host::Caller;
use crate::engine::lifecycle::{Clock, Lifecycle};
use crate::report::{MainOutcome, Report};
use crate::sequence::{Config, Event};
use crate::sync::catch::catch_async;

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

impl Lifecycle {
    /// Runs `future` as the `main` of this lifecycle, in the caller's runtime; when it ends, or the lifecycle is asked
    /// to stop, goes through the whole stop and says how it went.
    ///
    /// Everything is as in a process of its own, except that nobody leaves the process: a hook or a future that blocks
    /// its thread is reported when the thread comes back, not at `grace`. Deadlines follow tokio's clock, a paused one
    /// too.
    ///
    /// # Panics
    ///
    /// If this lifecycle has been run already.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: if this future is dropped, what is managed is not torn down.
    pub async fn run<F>(&self, future: F) -> Report
    where
        F: Future<Output: MainOutput>,
    {
        let fresh = self.set_runtime(tokio::runtime::Handle::current());
        assert!(fresh, "this lifecycle has been run already: build one for each run");
        let main = async { future.await.into_ending() };
        let (main, drive) = (std::pin::pin!(self.main(main)), std::pin::pin!(self.drive()));
        match select(main, drive).await {
            Either::Left(((), _)) => {}
            Either::Right(((), main)) => main.await,
        }
        self.sealed().cloned().expect("`main` returns when everything is over")
    }

    /// The same in a multi-thread runtime of its own, which is left at most 100 ms after the stop.
    ///
    /// # Errors
    ///
    /// If the runtime cannot be built.
    pub fn block_on<F>(&self, future: F) -> std::io::Result<Report>
    where
        F: Future<Output: MainOutput>,
    {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        context::adopt_threads(builder.enable_all(), self);
        let runtime = builder.build()?;
        let report = runtime.block_on(self.run(future));
        runtime.shutdown_timeout(Duration::from_millis(100));
        Ok(report)
    }

    /// `main` as work in flight: runs it until it ends or is cut, and stays until everything is over, since on a
    /// current-thread runtime this is what polls the teardowns.
    pub(crate) async fn main(&self, main: impl Future<Output = MainOutcome>) {
        let cut = self.cut().wait();
        let run = async {
            let main = std::pin::pin!(Scoped::main(self.clone(), main));
            match select(cut, main).await {
                Either::Left(_) => MainOutcome::Cut,
                Either::Right((ending, _)) => ending,
            }
        };
        // `main`'s future is dropped in here as well.
        let ending = catch_async(run).await.unwrap_or_else(|panic| MainOutcome::Panicked(panic.message()));
        self.on(Event::MainEnded(ending));
        self.return_main_pass();
        self.over().wait().await;
    }
}

/// What a `main`, or an essential task, may return: nothing, or a result.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether it went well",
    label = "neither `()` nor a `Result` whose error is `Debug`",
    note = "return `()`, or `Result<(), E>` where `E: Debug`"
)]
pub trait MainOutput {
    #[doc(hidden)]
    fn into_ending(self) -> MainOutcome;
}

impl MainOutput for () {
    fn into_ending(self) -> MainOutcome {
        MainOutcome::Ok
    }
}

impl<T, E: fmt::Debug> MainOutput for Result<T, E> {
    fn into_ending(self) -> MainOutcome {
        self.map_or_else(|error| MainOutcome::Failed(format!("{error:?}")), |_| MainOutcome::Ok)
    }
}
