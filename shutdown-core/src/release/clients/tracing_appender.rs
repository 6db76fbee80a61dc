//! Handles of `tracing_appender`: `WorkerGuard`, `ErrorCounter`. Needs the feature `tracing-appender`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `WorkerGuard` | the last log lines | in a `Slot`: writes them | its writer thread, which has taken every line |
//! | `ErrorCounter` | the number of lines that were dropped | fails, if lines were dropped | the counter |
//!
//! Run against real writers: a slow one, and one that hangs.
//!
//! Mark the resource that holds them as `last`. A writer of `non_blocking` is lossy: it drops a line if its queue is full
//! (128,000 lines). Only its counter knows of that, so keep the counter next to the guard, and after it:
//!
//! ```
//! use lifecycle::Slot;
//! use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, WorkerGuard};
//!
//! #[lifecycle::resource(last)]
//! struct Log {
//!     #[teardown] // writes the last lines
//!     guard: Slot<WorkerGuard>,
//!     #[teardown] // fails with "17 log lines were dropped, because the queue was full"
//!     dropped: ErrorCounter,
//! }
//!
//! fn log() -> (NonBlocking, Log) {
//!     let (writer, guard) = tracing_appender::non_blocking(std::io::stdout());
//!     let dropped = writer.error_counter();
//!     (writer, Log { guard: Slot::new(guard), dropped })
//! }
//! # let _ = |log: Log| (log.guard, log.dropped);
//! ```
//!
//! The drop of the guard waits for the writer thread, but at most 1.1 s:
//!
//! | the drop takes | the teardown |
//! |---|---|
//! | less than 0.1 s | is ok: the thread has taken every line |
//! | 0.1 s to 1 s | is unconfirmed: either the thread was slow, or the queue was full and the guard has given up |
//! | 1 s or more | fails: lines may be lost |
//!
//! `tracing_appender` drops an error of the writer, such as a full disk, so the teardown does not know of it.

use std::future::{Future, ready};
use std::time::{Duration, Instant};

use tracing_appender::non_blocking::{ErrorCounter, WorkerGuard};

use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::ReleaseOwned;
use crate::resource::scope::unconfirmed;

known! {
    [] WorkerGuard: "tracing_appender::non_blocking::WorkerGuard",
    lost: "the last log lines, which are still in a queue",
    does: "writes them, on a blocking thread (mark the resource as `last`)",
    form: "lifecycle::Slot<WorkerGuard>";
}

/// How long the drop of a guard waits for room in the queue, in `tracing-appender` 0.2. It gives up without a sign.
const LIMIT_OF_THE_QUEUE: Duration = Duration::from_millis(100);
/// How long the drop of a guard waits for the writer thread before it gives up, in `tracing-appender` 0.2.
const LIMIT_OF_THE_DROP: Duration = Duration::from_secs(1);

impl<List: 'static> ReleaseOwned<List> for WorkerGuard {
    // Its drop waits for its thread.
    const BLOCKING: bool = true;

    fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
        let begun = Instant::now();
        drop(self);
        let waited = begun.elapsed();
        ready(if waited < LIMIT_OF_THE_QUEUE {
            Ok(())
        } else if waited < LIMIT_OF_THE_DROP {
            let waited = waited.as_millis();
            unconfirmed(format!(
                "after {waited} ms, tracing-appender does not tell whether the writer took the last log lines"
            ));
            Ok(())
        } else {
            Err("the writer did not take the last log lines within 1s, so lines may be lost".to_owned())
        })
    }
}

// The drop of a counter loses nothing, so the lint does not ask for its release.
#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for ErrorCounter {
    const BLOCKING: bool = false;

    fn release(&self) -> impl Future<Output = Result<(), String>> + Send {
        ready(match self.dropped_lines() {
            0 => Ok(()),
            1 => Err("1 log line was dropped, because the queue was full".to_owned()),
            lines => Err(format!("{lines} log lines were dropped, because the queue was full")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc;

    use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder};

    use super::*;
    use crate::report::{Outcome, Report};
    use crate::{Deferred, Lifecycle};

    /// A writer that takes a line each time that its channel has a permit, and every line once the channel has ended.
    struct OnDemand {
        permits: mpsc::Receiver<()>,
        taken: mpsc::Sender<()>,
    }

    impl Write for OnDemand {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.taken.send(());
            let _ = self.permits.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns a writer with a queue for two lines, and a line in its hands that it does not write yet.
    fn hanging() -> (NonBlocking, WorkerGuard, mpsc::Sender<()>) {
        let (permit, permits) = mpsc::channel();
        let (taken, first) = mpsc::channel();
        let builder = NonBlockingBuilder::default().buffered_lines_limit(2);
        let (mut lines, guard) = builder.finish(OnDemand { permits, taken });
        lines.write_all(b"the first line\n").expect("a queue with room");
        first.recv().expect("the thread takes the line");
        (lines, guard, permit)
    }

    async fn release(guard: WorkerGuard) -> Result<(), String> {
        ReleaseOwned::<()>::release_owned(guard).await
    }

    /// Stops a program whose only teardown releases the guard.
    async fn stopped(guard: WorkerGuard) -> Report {
        let run = async { Deferred::new("log").last().run(move || release(guard)) };
        Lifecycle::builder().run(run).await
    }

    /// R22.
    #[tokio::test]
    async fn lines_that_a_hanging_writer_has_not_taken_are_a_failure() {
        let (_lines, guard, _permit) = hanging();
        let report = stopped(guard).await;
        assert!(report.instances[0].outcome.to_string().contains("may be lost"), "{report}");
        assert_eq!(report.exit_status(), 70);
    }

    /// R22: the guard gives up after 100 ms, because its own message finds no room.
    #[tokio::test]
    async fn a_queue_that_is_full_at_the_end_is_not_ok() {
        let (mut lines, guard, _permit) = hanging();
        lines.write_all(b"the second line\n").expect("a queue with room");
        lines.write_all(b"the third line\n").expect("a queue with room");
        let report = stopped(guard).await;
        assert!(matches!(report.instances[0].outcome, Outcome::Unconfirmed { .. }), "{report}");
        assert_eq!(lines.error_counter().dropped_lines(), 0);
    }

    #[tokio::test]
    async fn lines_that_are_written_are_confirmed() {
        let (mut lines, guard) = tracing_appender::non_blocking(io::sink());
        lines.write_all(b"the last line\n").expect("a queue with room");
        let report = stopped(guard).await;
        assert_eq!(report.instances[0].outcome, Outcome::Ok, "{report}");
    }

    /// R22.
    #[tokio::test]
    async fn lines_that_found_the_queue_full_are_a_failure() {
        let (mut lines, guard, permit) = hanging();
        let count = async |counter: ErrorCounter| Release::<()>::release(&counter).await;
        assert_eq!(count(lines.error_counter()).await, Ok(()));
        for _ in 0..2 + 17 {
            lines.write_all(b"a line\n").expect("a lossy writer");
        }
        drop(permit);
        assert_eq!(release(guard).await, Ok(()));
        let told = count(lines.error_counter()).await;
        assert_eq!(told, Err("17 log lines were dropped, because the queue was full".to_owned()));
    }
}
