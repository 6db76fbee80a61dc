//! A fixture before its start: the scenario, the environment, the streams and the signals.

use std::ffi::OsStr;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use crate::child::Child;
use crate::inherited::with_default_signals;

/// A program that has not been started.
#[derive(Debug)]
pub struct Program(Command);

impl Program {
    /// Configures the fixture at `path` with a grace that no test waits for. The child does not inherit the
    /// caller's settings and signals.
    pub fn new(path: &str, scenario: &str) -> Program {
        let mut command = Command::new(path);
        with_default_signals(&mut command);
        command.arg(scenario);
        for name in ["LAME_DUCK", "PLAN", "REPORT"] {
            command.env_remove(format!("LIFECYCLE_{name}"));
        }
        command.env("LIFECYCLE_GRACE", "20s");
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "FDSTORE", "SYSTEMD_EXEC_PID"] {
            command.env_remove(name);
        }
        command.env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Program(command)
    }

    /// Sets `LIFECYCLE_GRACE`.
    #[must_use]
    pub fn grace(self, grace: &str) -> Program {
        self.env("LIFECYCLE_GRACE", grace)
    }

    /// Sets an environment variable of the child.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.0.env(name, value);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Program {
        self.0.arg(argument);
        self
    }

    /// Puts the child into its own process group, which the Ctrl-C of a terminal does not reach.
    #[must_use]
    pub fn in_its_own_group(mut self) -> Program {
        self.0.process_group(0);
        self
    }

    /// Sets the stdout of the child, which the harness then does not read.
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Program {
        self.0.stdout(stdout);
        self
    }

    /// Sets the stderr of the child, which the harness then does not read.
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Program {
        self.0.stderr(stderr);
        self
    }

    /// Sets the stdin of the child.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Program {
        self.0.stdin(stdin);
        self
    }

    /// Makes the stdin of the child a pipe, for [`Child::tell`].
    #[must_use]
    pub fn listening_to_us(self) -> Program {
        self.stdin(Stdio::piped())
    }

    /// Starts the child with `signal` ignored, as `nohup` does.
    #[must_use]
    pub fn ignoring(self, signal: i32) -> Program {
        // SAFETY: `signal` takes a signal number and a constant, and is async-signal-safe.
        self.before_exec(move || unsafe {
            libc::signal(signal, libc::SIG_IGN);
        })
    }

    /// Starts the child with `signals` blocked, because a child inherits the mask.
    #[must_use]
    pub fn blocking(self, signals: &[i32]) -> Program {
        let signals = signals.to_vec();
        self.before_exec(move || {
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

    /// Starts the child with this descriptor closed.
    #[must_use]
    pub fn without(self, descriptor: i32) -> Program {
        // SAFETY: the descriptor is one of the three standard ones. No object of the child owns it yet.
        self.before_exec(move || unsafe {
            libc::close(descriptor);
        })
    }

    pub(crate) fn before_exec(mut self, act: impl Fn() + Send + Sync + 'static) -> Program {
        let act = move || {
            act();
            Ok(())
        };
        // SAFETY: every caller in this package passes system calls that are async-signal-safe.
        unsafe { self.0.pre_exec(act) };
        self
    }

    /// Starts the program through another program, such as `unshare --fork ..`.
    #[must_use]
    pub fn through(self, launcher: &[&str]) -> Program {
        let mut command = Command::new(launcher[0]);
        with_default_signals(&mut command);
        command.args(&launcher[1..]).arg(self.0.get_program());
        command.args(self.0.get_args());
        for (name, value) in self.0.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Program(command)
    }

    /// Starts the program with these listeners, as systemd passes them.
    #[must_use]
    pub fn with_listeners(self, listeners: Vec<(String, OwnedFd)>) -> Program {
        let (names, descriptors): (Vec<String>, Vec<OwnedFd>) = listeners.into_iter().unzip();
        let count = descriptors.len();
        let program = self.through(&["sh", "-c", r#"LISTEN_PID=$$ exec "$0" "$@""#]);
        let program = program.env("LISTEN_FDS", count.to_string()).env("LISTEN_FDNAMES", names.join(":"));
        program.before_exec(move || {
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

    /// Starts the program.
    #[track_caller]
    pub fn start(mut self) -> Child {
        let child = self
            .0
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.0.get_program().display()));
        Child::new(child)
    }

    /// Starts the program, and waits until it ends.
    #[track_caller]
    pub fn run(self) -> crate::Ended {
        self.start().ended()
    }

    /// Starts the program, waits until it prints `ready`, sends `signal`, and waits until it ends.
    #[track_caller]
    pub fn stopped_by(self, signal: i32) -> crate::Ended {
        let mut child = self.start();
        child.wait_for("ready");
        child.signal(signal);
        child.ended()
    }
}
