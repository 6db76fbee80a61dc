//! A fixture before its start: the scenario, and the signals, descriptors and terminal that it begins with.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;

use lifecycle::testing::{Program, Stopped};

/// Configures the fixture at `path` with a grace that no test waits for.
pub fn fixture(path: &str, scenario: &str) -> Program {
    let program = Program::new(path).arg(scenario).without_report();
    program.grace("20s").env("RUST_BACKTRACE", "0")
}

/// What a fixture can begin with.
pub trait Fixture: Sized {
    /// Starts the program, waits until it prints `ready`, sends `signal`, and waits until it ends.
    #[track_caller]
    fn stopped_by(self, signal: i32) -> Stopped;

    /// Starts the child with `signal` ignored, as `nohup` does.
    #[must_use]
    fn ignoring(self, signal: i32) -> Self;

    /// Starts the child with `signals` blocked, because a child inherits the mask.
    #[must_use]
    fn blocking(self, signals: &[i32]) -> Self;

    /// Starts the child with this descriptor closed.
    #[must_use]
    fn without(self, descriptor: i32) -> Self;

    /// Starts the program with these listeners, as systemd passes them.
    #[must_use]
    fn with_listeners(self, listeners: Vec<(String, OwnedFd)>) -> Self;

    /// Starts the child with a controlling terminal of its own. The terminal hangs up when the returned end is dropped.
    fn with_terminal(self) -> (Self, OwnedFd);
}

/// Runs `act` in the child, before its program.
fn before_exec(program: Program, act: impl Fn() + Send + Sync + 'static) -> Program {
    let act = move || {
        act();
        io::Result::Ok(())
    };
    program.configure(|command| {
        // SAFETY: every caller in this file passes system calls that are async-signal-safe.
        unsafe { command.pre_exec(act) };
    })
}

impl Fixture for Program {
    fn stopped_by(self, signal: i32) -> Stopped {
        let mut child = self.ready_at_line("ready").start();
        child.signal(signal);
        child.stopped()
    }

    fn ignoring(self, signal: i32) -> Program {
        // SAFETY: `signal` takes a signal number and a constant, and is async-signal-safe.
        before_exec(self, move || unsafe {
            libc::signal(signal, libc::SIG_IGN);
        })
    }

    fn blocking(self, signals: &[i32]) -> Program {
        let signals = signals.to_vec();
        before_exec(self, move || {
            let mut set = std::mem::MaybeUninit::uninit();
            // SAFETY: `sigemptyset` fills in the local, and the other calls only read it. All are
            // async-signal-safe.
            unsafe {
                libc::sigemptyset(set.as_mut_ptr());
                for signal in &signals {
                    libc::sigaddset(set.as_mut_ptr(), *signal);
                }
                libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
            }
        })
    }

    fn without(self, descriptor: i32) -> Program {
        // SAFETY: the descriptor is one of the three standard ones. No object of the child owns it yet.
        before_exec(self, move || unsafe {
            libc::close(descriptor);
        })
    }

    fn with_listeners(self, listeners: Vec<(String, OwnedFd)>) -> Program {
        let (names, descriptors): (Vec<String>, Vec<OwnedFd>) = listeners.into_iter().unzip();
        let count = descriptors.len();
        let program = self.through(&["sh", "-c", r#"LISTEN_PID=$$ exec "$0" "$@""#]);
        let program = program.env("LISTEN_FDS", count.to_string()).env("LISTEN_FDNAMES", names.join(":"));
        before_exec(program, move || {
            // SAFETY: the calls take integers and are async-signal-safe. The first loop moves the descriptors away from the
            // numbers to which the second one duplicates them, and no object of the child owns those numbers yet.
            unsafe {
                let moved =
                    descriptors.iter().map(|one| libc::fcntl(one.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 100));
                let mut numbers = [0; 8];
                for (number, moved) in numbers.iter_mut().zip(moved) {
                    *number = moved;
                }
                for (at, number) in (3..).zip(&numbers[..count]) {
                    libc::dup2(*number, at);
                }
            }
        })
    }

    fn with_terminal(self) -> (Program, OwnedFd) {
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
        // The child leads a session already.
        let program = before_exec(self, move || {
            // SAFETY: takes integers, and is async-signal-safe.
            unsafe { libc::ioctl(theirs.as_raw_fd(), libc::TIOCSCTTY, 0) };
        });
        (program, ours)
    }
}
