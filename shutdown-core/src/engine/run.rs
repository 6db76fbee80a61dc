//! Runs a future as the `main` of a lifecycle, through the whole stop.

use std::time::Duration;

use futures_util::future::{Either, select};

use super::context::{self, Scoped};
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use crate::report::{MainOutcome, Report};
use crate::sequence::Event;
use crate::sync::catch::catch_async;

impl Lifecycle {
    /// Runs `future` as the `main` of this lifecycle, in the caller's runtime, and returns the report.
    ///
    /// The stop begins when the future ends, or when something asks for a stop. This method returns after the stop.
    ///
    /// The rules are those of a process of its own, with two differences:
    ///
    /// - Nothing ends the process. A teardown or a future that blocks its thread is reported when the thread comes back,
    ///   and not at `grace`.
    /// - Deadlines follow tokio's clock, also a paused one.
    ///
    /// # Panics
    ///
    /// Panics if this lifecycle has been run already.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If its future is dropped, no instance is torn down.
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

    /// Runs `future` as [`run`](Lifecycle::run) does, in a multi-thread runtime of its own.
    ///
    /// The threads of that runtime have at most 100 ms to end after the stop.
    ///
    /// # Errors
    ///
    /// Returns an error if the runtime cannot be built.
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

    /// Runs `main` until it ends or is cut, and stays until the report is sealed: on a current-thread runtime this
    /// future is what polls the teardowns.
    pub(crate) async fn main(&self, main: impl Future<Output = MainOutcome>) {
        let cut = self.notices().main_cut.wait();
        let run = async {
            let main = std::pin::pin!(Scoped::main(self.clone(), main));
            match select(cut, main).await {
                Either::Left(_) => MainOutcome::Cut,
                Either::Right((ending, _)) => ending,
            }
        };
        // The future of `main` is dropped in here as well.
        let ending = match catch_async(run).await {
            Ok(ending) => ending,
            Err(panic) => MainOutcome::Panicked { message: panic.message() },
        };
        self.on(Event::MainEnded(ending));
        self.in_flight().return_main();
        self.notices().over.wait().await;
    }
}
