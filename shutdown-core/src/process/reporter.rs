//! The reporter: writes to stderr through its own descriptor, without the lock of std, which user code may hold (R21).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::stderr::Stderr;
use crate::sync::thread::Helper;

#[derive(Clone)]
pub(super) struct Reporter {
    helper: Helper,
    /// `None` if the process was started without a stderr. Then nothing is written.
    stderr: Option<Arc<Stderr>>,
}

impl Reporter {
    pub(super) fn start() -> io::Result<Reporter> {
        Ok(Reporter { helper: Helper::start("lc-reporter")?, stderr: Stderr::duplicate().map(Arc::new) })
    }

    /// Returns the descriptor that the reporter writes to.
    #[cfg(unix)]
    pub(super) fn stderr(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.stderr.as_deref().map(Stderr::descriptor)
    }

    /// Writes `text` on the thread of the reporter, and returns at once.
    pub(super) fn print(&self, text: String) {
        let reporter = self.clone();
        self.helper.run(move || reporter.write(&text));
    }

    /// Writes `text` on the thread of the reporter, and waits at most `limit` for that.
    pub(super) fn print_within(&self, text: String, limit: Duration) {
        let reporter = self.clone();
        self.helper.run_and_wait(limit, move || reporter.write(&text));
    }

    /// Waits at most `limit` until everything that was passed to [`print`](Reporter::print) is written.
    pub(super) fn wait_until_printed(&self, limit: Duration) {
        self.helper.run_and_wait(limit, || {});
    }

    /// Writes `text` in the calling thread, which may hang: the pipe may be full.
    pub(super) fn write(&self, text: &str) {
        if let Some(stderr) = &self.stderr {
            let _ = stderr.write(text);
        }
    }
}
