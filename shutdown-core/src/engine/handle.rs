//! The methods of a [`Lifecycle`] that mirror the functions at the root of the crate.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::context::{self, Scoped};
use super::lifecycle::Lifecycle;
use crate::report::{FactKind, Reason};
use crate::sequence::Event;
use crate::stage::Stage;
use crate::sync::gate::Pass;

/// The functions at the root of the crate, for this lifecycle.
impl Lifecycle {
    /// Returns the current lifecycle, or `None` outside of every lifecycle.
    ///
    /// The first of these rows that applies decides:
    ///
    /// | the calling code is | its lifecycle |
    /// |---|---|
    /// | in a task of [`spawn`](crate::spawn), a teardown, a request of a server of this crate, [`scope`](Lifecycle::scope) | the innermost one |
    /// | in the future of [`run`](Lifecycle::run) | the one that runs |
    /// | on a thread of the runtime of [`block_on`](Lifecycle::block_on) | the one of that runtime |
    /// | in a task of `tokio::spawn`, on a runtime on which exactly one lifecycle runs | the one that runs |
    /// | anywhere else in a process with `#[lifecycle::main]` | the one of the process |
    /// | a thread without a runtime, or a runtime on which several lifecycles run | none |
    ///
    /// # Examples
    ///
    /// A library that builds a runtime of its own runs a lifecycle on it, inside of a process with `#[lifecycle::main]`:
    ///
    /// ```
    /// use lifecycle::Lifecycle;
    ///
    /// fn library() -> lifecycle::Report {
    ///     let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    ///     runtime.block_on(Lifecycle::builder().run(async {
    ///         let task = tokio::spawn(async { lifecycle::shutdown("the library is done") });
    ///         task.await.expect("the task does not panic");
    ///         lifecycle::stopping().await;
    ///     }))
    /// }
    ///
    /// #[lifecycle::main]
    /// async fn main() {
    ///     let report = std::thread::spawn(library).join().expect("the library does not panic");
    ///     assert!(report.is_clean());
    ///     assert!(!lifecycle::is_stopping()); // the stop was the library's
    ///     tokio::spawn(async { lifecycle::shutdown("the process is done") });
    ///     lifecycle::stopping().await;
    /// }
    /// ```
    pub fn current() -> Option<Lifecycle> {
        context::with(|lifecycle| Some(lifecycle?.clone()))
    }

    /// Runs the closure `f` with this lifecycle as the current one.
    ///
    /// The lifecycle is the current one until `f` returns. A future that `f` returns is polled later, so that a future
    /// needs [`scope_async`](Lifecycle::scope_async).
    ///
    /// # Examples
    ///
    /// A thread that the program starts itself takes its lifecycle along:
    ///
    /// ```
    /// use lifecycle::Lifecycle;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let report = Lifecycle::builder()
    ///     .run(async {
    ///         let lifecycle = Lifecycle::current().expect("this code is inside of a lifecycle");
    ///         let thread = std::thread::spawn(move || {
    ///             lifecycle.scope(|| lifecycle::defer("close the port", || async {}));
    ///         });
    ///         thread.join().expect("the thread does not panic");
    ///     })
    ///     .await;
    /// assert_eq!(report.instances.len(), 1);
    /// # }
    /// ```
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> R {
        context::enter(self, f)
    }

    /// Returns a future that calls `f` and awaits its future, with this lifecycle as the current one.
    ///
    /// `f` is called at the first poll. The returned future borrows nothing of this handle, so that `tokio::spawn` takes
    /// it.
    ///
    /// # Cancel safety
    ///
    /// The returned future is cancel safe if the future of `f` is. If it is dropped, the future of `f` is dropped.
    ///
    /// # Examples
    ///
    /// A test opens a resource in a lifecycle that it runs later:
    ///
    /// ```
    /// use lifecycle::{Lifecycle, Managed, Teardown};
    ///
    /// #[lifecycle::resource]
    /// struct Journal;
    ///
    /// #[lifecycle::teardown]
    /// impl Teardown for Journal {
    ///     async fn teardown(&self) {}
    /// }
    ///
    /// async fn open() -> Managed<Journal> {
    ///     lifecycle::manage(Journal)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lifecycle = Lifecycle::builder().build();
    /// let journal = lifecycle.scope_async(|| open()).await;
    /// let report = lifecycle.run(async { drop(journal) }).await;
    /// assert_eq!(report.instances.len(), 1);
    /// # }
    /// ```
    pub fn scope_async<F, Fut>(&self, f: F) -> impl Future<Output = Fut::Output> + use<F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future,
    {
        Scoped::new(self.clone(), async move { f().await })
    }

    /// Ends the start-up: see [`ready`](crate::ready).
    pub fn ready(&self) {
        if self.engine().ready.set() {
            self.engine().host.in_use();
            self.on(Event::Ready);
            self.tell(FactKind::Ready);
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

    /// Returns a pass for one piece of work in flight: see [`pass`](crate::pass).
    pub fn pass(&self) -> Option<Pass> {
        self.ready();
        self.in_flight().gate.pass()
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
