//! The guardian: a process between a test and its service, which ends every process of the service after the test.
//!
//! `PR_SET_PDEATHSIG` in the service would not be enough. The kernel sends that signal when the *thread* that started the
//! service ends, and it reaches no grandchild. The guardian has one thread, and it outlives the test by an instant:
//!
//! ```text
//! test ──(a socket)── guardian ── service ── its children
//! ```
//!
//! 1. The guardian is a fork of the test that runs no program. It closes all descriptors except for its end of the socket.
//! 2. The kernel gives every orphan of the service to the guardian (`PR_SET_CHILD_SUBREAPER`), also one that has left its
//!    session and its process group.
//! 3. The end of the socket tells that the test is over, in whatever way: the kernel closes the test's end. The guardian
//!    then kills its children until it has none.
//!
//! Other Unixes have no subreaper. There the guardian kills the service's process group.
//!
//! The guardian is a fork of a program with several threads, so every call here is async-signal-safe.

#![expect(unsafe_code, reason = "a fork that runs no other program: all of it is system calls")]

use std::io::{self, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::time::Instant;

use libc::{c_int, pid_t};

/// How long a guardian whose service has ended waits for the word that the service was started.
///
/// The test cannot give its word if the program cannot be executed: std then waits for the end of the guardian.
const WORD_MS: c_int = 500;

/// How long a guardian kills. A process of another user cannot be killed.
const KILL_MS: c_int = 5_000;

/// The test's end of the socket.
#[derive(Debug)]
pub(super) struct Guarded {
    socket: UnixStream,
    guardian: Child,
    service: u32,
    status: Option<ExitStatus>,
}

/// A command whose first step before its program is the fork of the guardian.
pub(super) struct Guardian {
    ours: UnixStream,
    /// The end of the guardian, which is open until the fork.
    theirs: UnixStream,
}

impl Guardian {
    /// Puts a guardian before the program of `command`. Each step that is added later runs in the service.
    pub(super) fn before(command: &mut Command) -> io::Result<Guardian> {
        let (ours, theirs) = UnixStream::pair()?;
        let socket = theirs.as_raw_fd();
        // SAFETY: `split` is async-signal-safe, as the head of this file says. `socket` is open until `start` returns.
        unsafe { command.pre_exec(move || split(socket)) };
        Ok(Guardian { ours, theirs })
    }

    /// Starts the command.
    ///
    /// # Errors
    ///
    /// If the program cannot be executed.
    pub(super) fn start(self, command: &mut Command) -> io::Result<Guarded> {
        let guardian = command.spawn()?;
        let Guardian { mut ours, theirs } = self;
        drop(theirs);
        let mut pid = [0; 4];
        ours.write_all(&[1])?;
        ours.read_exact(&mut pid)?;
        Ok(Guarded { socket: ours, guardian, service: u32::from_ne_bytes(pid), status: None })
    }
}

impl Guarded {
    /// Returns the id of the service's process.
    pub(super) fn pid(&self) -> u32 {
        self.service
    }

    /// Returns the id of the guardian.
    pub(super) fn guardian(&self) -> u32 {
        self.guardian.id()
    }

    /// Waits until the service ends, or until `until`. Returns `None` if it is still running.
    pub(super) fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.read_status(until);
        }
        self.status
    }

    fn read_status(&mut self, until: Instant) -> Option<ExitStatus> {
        let left = until.saturating_duration_since(Instant::now());
        self.socket.set_nonblocking(left.is_zero()).ok()?;
        self.socket.set_read_timeout((!left.is_zero()).then_some(left)).ok()?;
        // The four bytes are one write.
        let mut status = [0; 4];
        match self.socket.read_exact(&mut status) {
            Ok(()) => Some(ExitStatus::from_raw(c_int::from_ne_bytes(status))),
            // Somebody has killed the guardian, and so the kernel has killed the service.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Some(ExitStatus::from_raw(libc::SIGKILL))
            }
            Err(_) => None,
        }
    }

    /// Returns the pipes of the service.
    pub(super) fn streams(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.guardian.stdin.take(), self.guardian.stdout.take(), self.guardian.stderr.take())
    }

    /// Returns the processes of the service that have not ended.
    pub(super) fn processes(&self) -> Vec<u32> {
        super::processes::descendants(self.guardian())
    }

    /// Sends `signal` to a process of the service. Returns whether it was received.
    pub(super) fn signal(pid: u32, signal: c_int) -> bool {
        let Ok(pid) = pid_t::try_from(pid) else { return false };
        // SAFETY: `kill` takes integers. The guardian has not reaped the service, so that its id is its own.
        unsafe { libc::kill(pid, signal) == 0 }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        // The guardian ends after all processes of the service.
        let _ = self.guardian.wait();
    }
}

/// Forks. The parent becomes the guardian and never returns. The child returns, and goes on to its program.
fn split(socket: RawFd) -> io::Result<()> {
    // SAFETY: all calls are async-signal-safe, and take integers or locals that outlive them.
    unsafe {
        let mut all = MaybeUninit::uninit();
        libc::sigfillset(all.as_mut_ptr());
        // No signal to a process group or from a terminal ends the guardian. The service gets its signals back below.
        libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut());
        libc::setsid();
        #[cfg(target_os = "linux")]
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                // A service manager starts a service as the leader of a session too.
                libc::setsid();
                // The guardian has one thread, so this is its end and not that of a thread.
                #[cfg(target_os = "linux")]
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                default_signals();
                Ok(())
            }
            service => guard(socket, service),
        }
    }
}

/// Gives each signal its default action, and blocks none.
///
/// A background job of a shell ignores SIGINT and SIGQUIT, `nohup` ignores SIGHUP, and a test runner may block signals.
/// Children inherit all of it, and a signal that was ignored stays ignored (R13).
fn default_signals() {
    /// The last of the standard signals. Real-time signals follow.
    const LAST: c_int = 31;
    for signal in 1..=LAST {
        // SAFETY: `signal` takes integers and is async-signal-safe. It refuses SIGKILL and SIGSTOP.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let mut none = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` fills in the local, and `sigprocmask` reads it. Both are async-signal-safe.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

/// Is the guardian: tells the test the service's id and its end, and kills all when the test has ended.
fn guard(socket: RawFd, service: pid_t) -> ! {
    // SAFETY: the process is a fork with one thread, and owns its descriptors. All calls are async-signal-safe.
    unsafe {
        libc::dup2(socket, 0);
        // The pipes of the service are closed too, so that the test sees their end.
        close_from(1);
        let ends = ends_of_children();
        tell(service);
        let (mut started, mut over) = (false, false);
        loop {
            if !over && let Some(status) = ended(service) {
                over = true;
                tell(status);
            }
            reap_orphans(service);
            let mut awaited = [
                libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 },
                libc::pollfd { fd: ends.unwrap_or(-1), events: libc::POLLIN, revents: 0 },
            ];
            let limit = match (over, ends) {
                (true, _) if !started => WORD_MS,
                (_, Some(_)) => -1,
                (_, None) => 5,
            };
            let ready = libc::poll(awaited.as_mut_ptr(), 2, limit);
            if awaited[1].revents != 0 {
                let mut told = [0_u8; 1024];
                libc::read(awaited[1].fd, told.as_mut_ptr().cast(), told.len());
            }
            if awaited[0].revents != 0 {
                let mut word = 0_u8;
                if libc::read(0, (&raw mut word).cast(), 1) != 1 {
                    break;
                }
                started = true;
            } else if ready == 0 && over && !started {
                break;
            }
        }
        kill_all(service);
        libc::_exit(0)
    }
}

/// Writes a number to the test.
fn tell(number: c_int) {
    let bytes = number.to_ne_bytes();
    // SAFETY: writes four bytes of a local. SIGPIPE is blocked.
    unsafe { libc::write(0, bytes.as_ptr().cast(), bytes.len()) };
}

/// Closes each descriptor from `first`.
fn close_from(first: c_int) {
    // SAFETY: the calls take integers, and no object of this process is used again.
    unsafe {
        #[cfg(target_os = "linux")]
        if libc::syscall(libc::SYS_close_range, first, c_int::MAX, 0) == 0 {
            return;
        }
        for descriptor in first..4_096 {
            libc::close(descriptor);
        }
    }
}

/// Returns a descriptor that is readable after the end of a child, or `None` where there is none.
fn ends_of_children() -> Option<RawFd> {
    #[cfg(target_os = "linux")]
    // SAFETY: `sigemptyset` and `sigaddset` fill in the local, and `signalfd` reads it.
    unsafe {
        let mut ends = MaybeUninit::uninit();
        libc::sigemptyset(ends.as_mut_ptr());
        libc::sigaddset(ends.as_mut_ptr(), libc::SIGCHLD);
        let descriptor = libc::signalfd(-1, ends.as_ptr(), libc::SFD_NONBLOCK);
        (descriptor >= 0).then_some(descriptor)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Returns the wait status of the service if it has ended, without reaping it. Its id stays its own.
fn ended(service: pid_t) -> Option<c_int> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `waitid` fills in the local, or leaves it zeroed. Its fields are those of a child after WEXITED.
    unsafe {
        let waited = libc::waitid(libc::P_PID, service.cast_unsigned(), info.as_mut_ptr(), how);
        let info = info.assume_init();
        if waited != 0 || info.si_pid() != service {
            return None;
        }
        let status = info.si_status();
        Some(match info.si_code {
            libc::CLD_EXITED => (status & 0xff) << 8,
            libc::CLD_DUMPED => status | 0x80,
            _ => status,
        })
    }
}

/// Reaps each child that has ended, except for the service.
fn reap_orphans(service: pid_t) {
    each_child(|child| {
        if child != service {
            // SAFETY: `waitpid` takes integers and no pointer.
            unsafe { libc::waitpid(child, std::ptr::null_mut(), libc::WNOHANG) };
        }
    });
}

/// Kills the children until none is left. The children of a killed child become children of the guardian.
fn kill_all(service: pid_t) {
    // SAFETY: all calls take integers. The service is not reaped before the first two, so that the ids are its own.
    unsafe {
        libc::kill(-service, libc::SIGKILL);
        libc::kill(service, libc::SIGKILL);
        for _ in 0..KILL_MS {
            each_child(|child| {
                libc::kill(child, libc::SIGKILL);
            });
            loop {
                match libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) {
                    -1 => return,
                    0 => break,
                    _ => {}
                }
            }
            libc::poll(std::ptr::null_mut(), 0, 1);
        }
    }
}

/// Calls `act` with each child of this process.
#[cfg(target_os = "linux")]
fn each_child(mut act: impl FnMut(pid_t)) {
    // SAFETY: the calls take a constant text and a buffer with its length.
    unsafe {
        let file = libc::open(c"/proc/thread-self/children".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if file < 0 {
            return;
        }
        let mut text = [0_u8; 4096];
        // A list that is longer is read again after the first part is gone.
        let length = libc::read(file, text.as_mut_ptr().cast(), text.len());
        libc::close(file);
        let mut number: pid_t = 0;
        for byte in text.iter().take(usize::try_from(length).unwrap_or(0)) {
            match byte {
                b'0'..=b'9' => number = number.wrapping_mul(10).wrapping_add(pid_t::from(byte - b'0')),
                _ if number > 0 => {
                    act(number);
                    number = 0;
                }
                _ => {}
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn each_child(_: impl FnMut(pid_t)) {}
