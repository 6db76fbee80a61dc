//! Teardowns without a type: a name, a closure, and the rules that order it.

use std::borrow::Cow;
use std::panic::Location;
use std::time::Duration;

use super::context;
use super::hook::Job;
use super::lifecycle::Lifecycle;
use crate::report::{Failure, FailureKind, TEARDOWN};
use crate::resource::TeardownOutput;
use crate::resource::managed::Managed;
use crate::sequence::{InstanceId, NO_CLASS, Spec};
use crate::stage::TeardownStage;

/// A teardown without a type, and the rules that order it. [`defer`](crate::defer) is enough for one without rules.
///
/// The options come first. [`run`](Deferred::run) takes the closure, and registers the teardown in the current
/// lifecycle. [`run_in`](Deferred::run_in) registers it in a given one. A `Deferred` that is dropped before has no
/// effect.
///
/// # Examples
///
/// ```
/// use lifecycle::{Deferred, Managed, Teardown};
/// use std::time::Duration;
///
/// #[lifecycle::resource]
/// struct Database;
///
/// #[lifecycle::teardown]
/// impl Teardown for Database {
///     async fn teardown(&self) {}
/// }
///
/// #[lifecycle::main]
/// async fn main() {
///     let database = lifecycle::manage(Database);
///     let handle = database.clone();
///     Deferred::new("write a checkpoint")
///         .uses(&database)
///         .timeout(Duration::from_secs(2))
///         .run(move || async move { checkpoint(&handle).await });
/// }
///
/// async fn checkpoint(database: &Managed<Database>) -> std::io::Result<()> {
///     # let _ = database;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is deferred until `run` or `run_in`"]
pub struct Deferred {
    name: Cow<'static, str>,
    order: Option<i32>,
    timeout: Option<Duration>,
    stage: TeardownStage,
    needs: Vec<InstanceId>,
}

impl Deferred {
    /// Creates a teardown with this name in logs and reports. Without options it runs in the cleanup, concurrently with
    /// every other teardown.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Deferred {
        let stage = TeardownStage::Cleanup;
        Deferred { name: name.into(), order: None, timeout: None, stage, needs: Vec::new() }
    }

    /// Declares that the closure uses this instance. It runs before the instance is torn down.
    #[doc(alias = "depends_on")]
    pub fn uses<T>(mut self, managed: &Managed<T>) -> Deferred {
        self.needs.push(managed.id());
        self
    }

    /// Sets the order, as `#[lifecycle::resource(order = n)]` does: the closure runs after everything with a smaller
    /// order, and before everything with a greater one.
    pub fn order(mut self, order: i32) -> Deferred {
        self.order = Some(order);
        self
    }

    /// Sets the longest time that the closure may take, as `#[lifecycle::resource(timeout = "5s")]` does. A time-out
    /// below 1 ms is raised to 1 ms. By default the closure gets a share of the remaining time.
    pub fn timeout(mut self, timeout: Duration) -> Deferred {
        // With no time at all, the teardown could not begin, and would not be reported as timed out.
        self.timeout = Some(timeout.max(Duration::from_millis(1)));
        self
    }

    /// Moves the teardown to the flush, as `#[lifecycle::resource(last)]` does: it runs after everything that is not
    /// last.
    pub fn last(mut self) -> Deferred {
        self.stage = TeardownStage::Flush;
        self
    }

    /// Registers `teardown` in the current lifecycle, which runs it exactly once, when the service stops.
    ///
    /// If the cleanup has already begun, the teardown runs in its place. If an instance that it [uses](Deferred::uses)
    /// is already being torn down, or a greater order is, its place has passed. It then runs at once, and is `late` in
    /// the report.
    ///
    /// # Panics
    ///
    /// Outside of a lifecycle. The message says what to do.
    #[track_caller]
    pub fn run<F, Fut>(self, teardown: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TeardownOutput> + Send + 'static,
    {
        self.run_in(&context::expect("Deferred::run", Lifecycle::clone), teardown);
    }

    /// Registers `teardown` in the given lifecycle: see [`run`](Deferred::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use lifecycle::{Deferred, Lifecycle};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lifecycle = Lifecycle::builder().build();
    /// Deferred::new("flush the log").last().run_in(&lifecycle, || async {});
    /// let report = lifecycle.run(async {}).await;
    /// assert!(report.instances[0].last);
    /// # }
    /// ```
    #[track_caller]
    pub fn run_in<F, Fut>(self, lifecycle: &Lifecycle, teardown: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TeardownOutput> + Send + 'static,
    {
        let Deferred { name, order, timeout, stage, needs } = self;
        let location = Location::caller();
        let spec = Spec { name, class: NO_CLASS, order, timeout, stage, location, at_notice: false, needs };
        let job: Job = Box::new(move || {
            let future = teardown();
            Box::pin(async move {
                let failed = |message| Failure { step: TEARDOWN, kind: FailureKind::Error, message };
                future.await.into_result().err().map(failed).into_iter().collect()
            })
        });
        lifecycle.register_job(spec, job);
    }
}

impl Lifecycle {
    /// Defers a teardown without a type to the stop of this lifecycle: see [`defer`](crate::defer).
    #[track_caller]
    pub fn defer<F, Fut>(&self, name: impl Into<Cow<'static, str>>, teardown: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TeardownOutput> + Send + 'static,
    {
        Deferred::new(name).run_in(self, teardown);
    }
}
