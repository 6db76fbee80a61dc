//! Runs a future as the `main` of a lifecycle, through the whole stop.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use super::context::{self, Scoped};
use super::hook::panic_message;
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use crate::report::{MainEnding, Report};
use crate::sequence::Event;

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
    pub(crate) async fn main(&self, main: impl Future<Output = MainEnding>) {
        let cut = self.notices().main_cut.wait();
        let run = async {
            let main = std::pin::pin!(Scoped::main(self.clone(), main));
            match select(cut, main).await {
                Either::Left(_) => MainEnding::Cut,
                Either::Right((ending, _)) => ending,
            }
        };
        // `main`'s future is dropped in here as well.
        let ending = AssertUnwindSafe(run).catch_unwind().await.unwrap_or_else(|payload| {
            let message = panic_message(&*payload);
            // A payload's `Drop` is user code that may panic in its turn.
            std::mem::forget(payload);
            MainEnding::Panicked(message)
        });
        self.on(Event::MainEnded(ending));
        self.in_flight().return_main();
        self.notices().over.wait().await;
    }
}
