//! A descriptor of stderr of our own, without the lock of std, which user code may hold (R21).

#[cfg(windows)]
mod console;

use std::fs::File;
use std::io::{self, Write as _};

pub(super) struct Stderr(File);

impl Stderr {
    /// Returns `None` if the process was started without a stderr.
    pub(super) fn duplicate() -> Option<Stderr> {
        #[cfg(unix)]
        let stderr = std::os::fd::AsFd::as_fd(&io::stderr()).try_clone_to_owned();
        #[cfg(windows)]
        let stderr = std::os::windows::io::AsHandle::as_handle(&io::stderr()).try_clone_to_owned();
        Some(Stderr(stderr.ok()?.into()))
    }

    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.0)
    }

    /// Writes `text`, and may hang: the pipe may be full.
    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        #[cfg(windows)]
        if console::is_console(&self.0) {
            return console::write(&self.0, text);
        }
        (&self.0).write_all(text.as_bytes())
    }
}
