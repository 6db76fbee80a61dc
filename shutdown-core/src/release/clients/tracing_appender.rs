//! The guard of `tracing_appender`: `WorkerGuard`. Needs the feature `tracing-appender`.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `WorkerGuard` | the last log lines | in a `Slot`: writes them |
//!
//! Mark the resource that holds the guard as `last`. The drop of the guard waits for the writer thread, but at most 1.1 s.
//! The teardown fails if the drop takes 1 s or more, because lines may then be lost.

use std::future::{Future, ready};
use std::time::{Duration, Instant};

use tracing_appender::non_blocking::WorkerGuard;

use crate::release::known::known;
use crate::release::owned::ReleaseOwned;

known! {
    [] WorkerGuard: "tracing_appender::non_blocking::WorkerGuard",
    lost: "the last log lines, which are still in a queue",
    does: "writes them, on a blocking thread (mark the resource as `last`)",
    form: "lifecycle::Slot<WorkerGuard>";
}

/// How long the drop of a guard waits for the writer thread before it gives up, in `tracing-appender` 0.2.
const LIMIT_OF_THE_DROP: Duration = Duration::from_secs(1);

impl<List: 'static> ReleaseOwned<List> for WorkerGuard {
    // Its drop waits for its thread.
    const BLOCKING: bool = true;

    fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
        let begun = Instant::now();
        drop(self);
        ready(match begun.elapsed() {
            waited if waited < LIMIT_OF_THE_DROP => Ok(()),
            _ => Err("the writer did not take the last log lines within 1s, so lines may be lost".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc;

    use super::*;

    /// A writer that hangs until the other end of its channel is dropped.
    struct Hanging(mpsc::Receiver<()>);

    impl Write for Hanging {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    async fn release(guard: WorkerGuard) -> Result<(), String> {
        ReleaseOwned::<()>::release_owned(guard).await
    }

    /// R22.
    #[tokio::test]
    async fn lines_that_a_hanging_writer_has_not_taken_are_a_failure() {
        let (hang, until) = mpsc::channel();
        let (mut lines, guard) = tracing_appender::non_blocking(Hanging(until));
        lines.write_all(b"the last line\n").expect("a queue with room");
        let released = release(guard).await;
        drop(hang);
        assert!(released.is_err_and(|error| error.contains("may be lost")));
    }

    #[tokio::test]
    async fn lines_that_are_written_are_confirmed() {
        let (mut lines, guard) = tracing_appender::non_blocking(io::sink());
        lines.write_all(b"the last line\n").expect("a queue with room");
        assert_eq!(release(guard).await, Ok(()));
    }
}
