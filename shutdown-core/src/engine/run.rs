//! Runs a future as the `main` of a lifecycle, through the whole stop.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::context::{self, Scoped};
use super::lifecycle::Lifecycle;
use super::output::MainOutput;
use super::running::Announced;
use crate::report::{FactKind, MainOutcome, Reason, Report};
use crate::sequence::Event;
use crate::sync::catch::{Panic, catch_async};
use crate::sync::lock;

/// How long the observers have after the stop. The thread waits, since a paused clock would not.
const OBSERVERS_LIMIT: Duration = Duration::from_millis(100);

impl Lifecycle {
    /// Runs `future` as the `main` of this lifecycle, in the caller's runtime, and returns the report.
    ///
    /// The stop begins when the future ends, or when something asks for a stop. This method returns after the stop.
    ///
    /// The rules are those of a process of its own, with three differences:
    ///
    /// - Nothing ends the process. A teardown or a future that blocks its thread is reported when the thread comes back,
    ///   and not at `grace`.
    /// - Deadlines follow tokio's clock, also a paused one.
    /// - A panic of the future goes on in the caller, after the teardown.
    ///
    /// A task of `tokio::spawn` is inside this lifecycle too, while this is the only lifecycle that runs on its runtime.
    ///
    /// # Panics
    ///
    /// Panics, each time after every managed instance has been torn down,
    ///
    /// - with the payload of `future`, if `future` panics. A failed `assert!` in it therefore fails the test around it.
    /// - with the fault of the plan, if the plan is invalid: a cycle, or time-outs that do not fit into grace (R5, R12).
    ///   Standard error receives the fault at once, because a test can fail by its consequences before the stop is over.
    ///
    /// Panics at once if this lifecycle has been run already.
    ///
    /// The report tells of every other failure, also of the panics of tasks: a panic of a tracked task is returned by its
    /// `JoinHandle`, and the report counts it. A test therefore asserts `report.is_clean()`.
    /// [`run_to_report`](Lifecycle::run_to_report) reports the first two as well.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If its future is dropped, no instance is torn down.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use lifecycle::Lifecycle;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let report = Lifecycle::builder()
    ///     .run(async {
    ///         lifecycle::defer("say goodbye", || async { println!("goodbye") }); // is printed
    ///         assert_eq!(1 + 1, 3); // fails the test
    ///     })
    ///     .await;
    /// assert!(report.is_clean(), "{report}");
    /// # }
    /// ```
    pub async fn run<F>(&self, future: F) -> Report
    where
        F: Future<Output: MainOutput>,
    {
        self.run_to_end(future).await.report()
    }

    /// Runs `future` as [`run`](Lifecycle::run) does, and returns the report also after a panic or of an invalid plan.
    ///
    /// A service that runs inside another program takes this method, because the [exit status](Report::exit_status) of
    /// its report is complete: 101 after a panic of `future`, and 78 if the plan is invalid.
    ///
    /// # Panics
    ///
    /// Panics if this lifecycle has been run already.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If its future is dropped, no instance is torn down.
    ///
    /// # Examples
    ///
    /// ```
    /// use lifecycle::Lifecycle;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lifecycle = Lifecycle::builder().build();
    /// let report = lifecycle.run_to_report(async { assert_eq!(1 + 1, 3) }).await;
    /// assert_eq!(report.exit_status(), 101);
    /// # }
    /// ```
    pub async fn run_to_report<F>(&self, future: F) -> Report
    where
        F: Future<Output: MainOutput>,
    {
        self.run_to_end(future).await.report
    }

    /// Runs `future` as [`run`](Lifecycle::run) does, in a multi-thread runtime of its own.
    ///
    /// The threads of that runtime have at most 100 ms to end after the stop.
    ///
    /// # Errors
    ///
    /// Returns an error if the runtime cannot be built.
    ///
    /// # Panics
    ///
    /// Panics as [`run`](Lifecycle::run) does, after the threads have ended or their time is up.
    pub fn block_on<F>(&self, future: F) -> std::io::Result<Report>
    where
        F: Future<Output: MainOutput>,
    {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        context::adopt_threads(builder.enable_all(), self);
        let runtime = builder.build()?;
        let ended = runtime.block_on(self.run_to_end(future));
        runtime.shutdown_timeout(Duration::from_millis(100));
        Ok(ended.report())
    }

    async fn run_to_end<F>(&self, future: F) -> Ended
    where
        F: Future<Output: MainOutput>,
    {
        let runtime = tokio::runtime::Handle::current();
        let fresh = self.set_runtime(runtime.clone());
        assert!(fresh, "this lifecycle has been run already: build one for each run");
        let _announced = Announced::new(self, &runtime);
        self.tell(FactKind::Started);
        // A mutex, because the future of a run is `Sync` and a payload is not.
        let panic = Mutex::new(None);
        {
            let main = async { future.await.into_ending() };
            let main = std::pin::pin!(self.main(main, |caught| *lock(&panic) = Some(caught)));
            match select(main, std::pin::pin!(self.drive())).await {
                Either::Left(((), _)) => {}
                Either::Right(((), main)) => main.await,
            }
        }
        let mut report = self.sealed().cloned().expect("`main` returns when everything is over");
        report.notes.extend(self.settle_observers(OBSERVERS_LIMIT));
        let panic = lock(&panic).take();
        Ended { report, panic }
    }

    /// Runs `main` until it ends or is cut, and stays until the report is sealed: on a current-thread runtime this
    /// future is what polls the teardowns. `on_panic` takes a panic of `main`.
    pub(crate) async fn main(&self, main: impl Future<Output = MainOutcome>, on_panic: impl FnOnce(Panic)) {
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
            Err(panic) => {
                let message = panic.message();
                on_panic(panic);
                MainOutcome::Panicked { message }
            }
        };
        self.on(Event::MainEnded(ending));
        self.in_flight().return_main();
        self.notices().over.wait().await;
    }
}

/// The end of a run. The panic of `main` waits in it until the teardown is over.
struct Ended {
    report: Report,
    panic: Option<Panic>,
}

impl Ended {
    /// Returns the report, or panics because of `main` or of the plan.
    fn report(self) -> Report {
        // The status of an invalid plan comes before the one of a panic (R20), and the plan may be the cause of the panic.
        if let reason @ Reason::InvalidPlan { .. } = &self.report.reason {
            panic!("the lifecycle has stopped itself: {reason}");
        }
        match self.panic {
            Some(panic) => panic.resume(),
            None => self.report,
        }
    }
}
