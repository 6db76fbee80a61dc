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
    pub(crate) fn print(&self, text: String) {
        self.helper.give(self.write(text));
    }

    /// Writes `text`, and waits for that at most this long.
    pub(super) fn print_within(&self, text: String, limit: Duration) {
        self.helper.give_and_wait(limit, self.write(text));
    }

    fn write(&self, text: String) -> impl FnOnce() + Send + 'static {
        let stderr = self.stderr.clone();
        move || {
            if let Some(stderr) = stderr {
                let _ = (&*stderr).write_all(text.as_bytes());
            }
        }
    }
}
