//! A terminal of its own for a child, or none.

use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use crate::program::Program;

impl Program {
    /// Starts the child with a controlling terminal of its own. The terminal hangs up when the returned end is dropped.
    ///
    /// # Panics
    ///
    /// If the machine has no terminal to give.
    #[must_use]
    pub fn with_terminal(self) -> (Program, OwnedFd) {
        let mut name = [0; 64];
        // SAFETY: takes integers and a pointer to a local of that size, and the descriptor is owned from here on.
        let ours = unsafe {
            let ours = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
            assert!(ours >= 0 && libc::grantpt(ours) == 0 && libc::unlockpt(ours) == 0, "no terminal");
            assert_eq!(libc::ptsname_r(ours, name.as_mut_ptr(), name.len()), 0);
            OwnedFd::from_raw_fd(ours)
        };
        // SAFETY: the call above has written a text with an end.
        let name = unsafe { CStr::from_ptr(name.as_ptr()) }.to_owned();
        let theirs =
            File::options().read(true).write(true).open(name.to_str().expect("a path")).expect("its end");
        let program = self.before_exec(move || {
            // SAFETY: both calls take integers, and are async-signal-safe.
            unsafe {
                libc::setsid();
                libc::ioctl(theirs.as_raw_fd(), libc::TIOCSCTTY, 0);
            }
        });
        (program, ours)
    }

    /// Starts the child without a controlling terminal, as a service manager does.
    #[must_use]
    pub fn without_terminal(self) -> Program {
        self.before_exec(|| {
            // SAFETY: takes nothing, and is async-signal-safe.
            unsafe { libc::setsid() };
        })
    }
}
