//! Writes to stderr through a descriptor of its own, without std's lock, which user code may hold (R21).

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use super::thread::Helper;

#[derive(Clone)]
pub(crate) struct Reporter {
    helper: Helper,
    /// A process may be started without a stderr: then nobody reads a report either.
    stderr: Option<Arc<File>>,
}

impl Reporter {
    pub(super) fn start() -> io::Result<Reporter> {
        let stderr = io::stderr().as_fd().try_clone_to_owned().ok();
        Ok(Reporter { helper: Helper::start("lc-reporter")?, stderr: stderr.map(File::from).map(Arc::new) })
    }

    /// Writes `text` when it can.
    pub(super) fn print(&self, text: String) {
        let reporter = self.clone();
        self.helper.give(move || reporter.write(&text));
    }

    /// Writes `text`, and waits for that at most this long.
    pub(super) fn print_within(&self, text: String, limit: Duration) {
        let reporter = self.clone();
        self.helper.give_and_wait(limit, move || reporter.write(&text));
    }

    /// Writes `text` here and now, on a thread that may hang.
    pub(super) fn write(&self, text: &str) {
        if let Some(mut stderr) = self.stderr.as_deref() {
            let _ = stderr.write_all(text.as_bytes());
        }
    }
}
