//! The system calls for a child process: signals, and a look that does not reap it.

#![expect(unsafe_code, reason = "system calls for which neither std nor tokio has a function")]

use std::io;

use libc::{c_int, pid_t};

/// The processes that receive the signals.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Process(pid_t),
    /// The process group of this leader.
    Group(pid_t),
}

/// The state of a child process.
pub(super) enum State {
    Running,
    /// It has ended, and its number is still its own.
    Ended,
    /// Somebody has reaped it.
    Reaped,
}

impl Target {
    /// Returns the group of a child that leads one, and else the child.
    pub(super) fn of(child: u32) -> io::Result<Self> {
        let child = pid_t::try_from(child).map_err(io::Error::other)?;
        // SAFETY: `getpgid` takes an integer.
        Ok(match unsafe { libc::getpgid(child) } == child {
            true => Self::Group(child),
            false => Self::Process(child),
        })
    }

    /// Asks to end. SIGCONT follows, because a stopped process would not see the request.
    pub(super) fn terminate(self) -> io::Result<()> {
        self.send(libc::SIGTERM)?;
        self.send(libc::SIGCONT)
    }

    pub(super) fn kill(self) -> io::Result<()> {
        self.send(libc::SIGKILL)
    }

    fn send(self, signal: c_int) -> io::Result<()> {
        let target = match self {
            Self::Process(child) => child,
            Self::Group(leader) => -leader,
        };
        // SAFETY: `kill` takes integers.
        if unsafe { libc::kill(target, signal) } == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            // It has ended meanwhile.
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            error => Err(error),
        }
    }

    /// Returns whether the group has running processes other than its leader. Only Linux can tell.
    pub(super) fn has_others(self) -> bool {
        match self {
            Self::Process(_) => false,
            Self::Group(leader) => has_others(leader),
        }
    }
}

/// Looks at a child of this process, without reaping it.
pub(super) fn state(child: u32) -> io::Result<State> {
    // SAFETY: `siginfo_t` is a C struct of integers and pointers, for which zeroes are valid.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `waitid` writes into `info`, which lives for the call.
    if unsafe { libc::waitid(libc::P_PID, child, &raw mut info, options) } == 0 {
        // SAFETY: `waitid` has succeeded, so the field holds the number of the child, or zero while it runs.
        return Ok(match unsafe { info.si_pid() } {
            0 => State::Running,
            _ => State::Ended,
        });
    }
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(libc::ECHILD) => Ok(State::Reaped),
        error if error.kind() == io::ErrorKind::Interrupted => Ok(State::Running),
        error => Err(error),
    }
}

/// Reads `/proc`, because the kernel counts the ended leader as a member of its group.
#[cfg(target_os = "linux")]
fn has_others(leader: pid_t) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        let is_a_number = process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
        is_a_number
            && std::fs::read_to_string(process.path().join("stat")).is_ok_and(|stat| runs_in(&stat, leader))
    })
}

#[cfg(not(target_os = "linux"))]
fn has_others(_leader: pid_t) -> bool {
    false
}

/// Reads one line of `/proc/<pid>/stat` (`proc_pid_stat(5)`): `pid (name) state ppid pgrp ..`. The name may contain
/// anything.
#[cfg(target_os = "linux")]
fn runs_in(stat: &str, group: pid_t) -> bool {
    let Some((_, rest)) = stat.rsplit_once(") ") else { return false };
    let mut fields = rest.split(' ');
    let (state, _parent, its_group) = (fields.next(), fields.next(), fields.next());
    !matches!(state, None | Some("Z" | "X")) && its_group == Some(&*group.to_string())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::runs_in;

    #[test]
    fn a_running_member_of_the_group_is_found_whatever_its_name_is() {
        assert!(runs_in("12 (sleep) S 1 7 7 0 -1 4194304", 7));
        assert!(runs_in("12 (a) Z 1 8 (b)) R 1 7 7 0", 7));
        assert!(!runs_in("12 (sleep) Z 1 7 7 0 -1", 7));
        assert!(!runs_in("12 (sleep) S 7 8 8 0 -1", 7));
        assert!(!runs_in("", 7));
    }
}
