//! What `#[lifecycle::test]` runs: a lifecycle of its own around the body of one test.
//!
//! The body is not the `main` of that lifecycle, because it goes on after the stop: it takes the report. The `main` is a
//! future that ends when the drain begins. The body asks for a stop when it ends, or when it asks for the report.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Once;
use std::time::Duration;

use futures_util::future::join;
use tokio::sync::watch;

use super::assertions::__assert_clean;
use crate::engine::builder::Builder;
use crate::engine::context::Scoped;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::output::MainOutput;
use crate::report::{MainOutcome, Report};
use crate::sync::catch::catch_async;

/// The settings of one test.
#[derive(Clone, Debug)]
#[must_use]
pub struct Test {
    builder: Builder,
    clock: TestClock,
    wanted: Wanted,
}

/// The clock of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestClock {
    /// The wall clock.
    Real,
    /// Tokio's paused clock, which moves on to the next timer when every task waits.
    Paused,
}

/// What the report of a test has to be, unless the test takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Exit status 0, and no task has panicked.
    Clean,
    /// Anything.
    Any,
}

/// The test that runs on this thread.
struct Running {
    lifecycle: Lifecycle,
    report: watch::Receiver<Option<Report>>,
    is_taken: Cell<bool>,
}

thread_local! {
    static RUNNING: RefCell<Option<Rc<Running>>> = const { RefCell::new(None) };
    /// The number of panics on this thread, on which all tasks of a test run.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Stops the lifecycle of a [`#[lifecycle::test]`](macro@crate::test), and returns its report.
///
/// The report then need not be clean: the test has it, and asserts what it wants. Everything that the test has managed is
/// torn down when this function returns. A second call returns the same report.
///
/// # Panics
///
/// Panics outside of a `#[lifecycle::test]`.
///
/// # Cancel safety
///
/// This function is cancel safe. The stop has begun all the same.
///
/// # Examples
///
/// ```
/// use lifecycle::testing::report;
///
/// #[lifecycle::test(grace = "1s", clock = "paused")]
/// async fn a_hook_without_an_end_is_timed_out() {
///     lifecycle::defer("hangs", async || std::future::pending().await);
///     let report = report().await;
///     assert_eq!(report.exit_status(), 70);
///     assert_eq!(report.instances[0].outcome, lifecycle::Outcome::TimedOut);
/// }
/// ```
#[track_caller]
pub fn report() -> impl Future<Output = Report> {
    let running = RUNNING.with_borrow(Clone::clone);
    let running = running.expect("`lifecycle::testing::report()` is for the body of a `#[lifecycle::test]`");
    async move {
        running.is_taken.set(true);
        running.lifecycle.shutdown("the test asked for its report");
        let mut report = running.report.clone();
        let sealed = report.wait_for(Option::is_some).await.ok().and_then(|report| report.clone());
        sealed.expect("the stop outlives the body of the test")
    }
}

impl Test {
    /// Configures a test with the defaults of the attribute.
    #[expect(clippy::new_without_default, reason = "generated code calls it")]
    pub fn new() -> Test {
        let builder = Lifecycle::builder();
        Test { builder, clock: TestClock::Real, wanted: Wanted::Clean }
    }

    /// Configures grace.
    #[track_caller]
    pub fn grace(mut self, grace: Duration) -> Test {
        self.builder = self.builder.grace(grace);
        self
    }

    /// Configures the lame duck.
    pub fn lame_duck(mut self, lame_duck: Duration) -> Test {
        self.builder = self.builder.lame_duck(lame_duck);
        self
    }

    /// Configures the clock.
    pub fn clock(mut self, clock: TestClock) -> Test {
        self.clock = clock;
        self
    }

    /// Configures the report that the test wants.
    pub fn report(mut self, wanted: Wanted) -> Test {
        self.wanted = wanted;
        self
    }

    /// Runs the body of the test, and stops its lifecycle.
    #[track_caller]
    pub fn run<F: Future<Output: MainOutput>>(self, body: F) {
        count_panics();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all();
        // Tokio has no paused clock when it is built for loom.
        #[cfg(not(loom))]
        runtime.start_paused(self.clock == TestClock::Paused);
        let runtime = runtime.build().expect("a runtime can be built");
        let lifecycle = self.builder.build();
        let (seal, report) = watch::channel(None);
        let running = Rc::new(Running { lifecycle: lifecycle.clone(), report, is_taken: Cell::new(false) });
        RUNNING.set(Some(Rc::clone(&running)));
        let before = PANICS.get();
        let stop = async {
            let main = async { lifecycle.notices().draining.wait().await };
            let report = lifecycle.run_to_report(main).await;
            seal.send_replace(Some(report));
        };
        let body = async {
            let body = async { body.await.into_ending() };
            let ended = Scoped::new(lifecycle.clone(), catch_async(body)).await;
            lifecycle.shutdown("the body of the test has ended");
            ended
        };
        // The stop comes first, so that the lifecycle runs before the body does.
        let ((), ended) = runtime.block_on(join(stop, body));
        RUNNING.set(None);
        match ended {
            Err(panic) => panic.resume(),
            Ok(MainOutcome::Failed { error }) => panic!("the test returned an error: {error}"),
            Ok(_) => {}
        }
        if running.is_taken.get() || self.wanted == Wanted::Any {
            return;
        }
        let panics = PANICS.get() - before;
        assert!(panics == 0, "{panics} tasks of the test have panicked: the messages are above");
        if let Some(report) = &*running.report.borrow() {
            __assert_clean(report);
        }
    }
}

/// Counts the panics of each thread from now on. A panic of a task of `tokio::spawn` is otherwise lost with its
/// `JoinHandle`.
fn count_panics() {
    static COUNTED: Once = Once::new();
    COUNTED.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            next(info);
        }));
    });
}
