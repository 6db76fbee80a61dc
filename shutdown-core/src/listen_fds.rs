//! Listeners that the service manager passed to this process, by systemd's protocol: `sd_listen_fds(3)`.
//!
//! - `LISTEN_FDS` is the number of descriptors. The first one is number 3.
//! - `LISTEN_PID` is the process that they are meant for.
//! - `LISTEN_FDNAMES` has a name for each, separated by colons.
//!
//! They come from a socket unit, which `net` takes by address or by name, and from the store of the service, which
//! `observe::systemd::store` takes by its own names.

#![expect(unsafe_code, reason = "a descriptor is a plain number until a value owns it")]

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, OnceLock};

use socket2::Socket;

use crate::sync::lock;

/// The first descriptor, after stdin, stdout and stderr.
const FIRST_DESCRIPTOR: RawFd = 3;

/// A listener that the service manager passed, with its name.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) name: String,
    pub(crate) socket: Socket,
}

/// Gives the sockets that have not been taken yet.
///
/// # Errors
///
/// If a variable is wrong, or a descriptor is not a listening socket.
pub(crate) fn sockets() -> io::Result<MutexGuard<'static, Vec<Passed>>> {
    static SOCKETS: OnceLock<Result<Mutex<Vec<Passed>>, String>> = OnceLock::new();
    let sockets = SOCKETS.get_or_init(|| {
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let numbers = numbers(variable, std::process::id())?;
        numbers.into_iter().map(own).collect::<Result<_, _>>().map(Mutex::new)
    });
    match sockets {
        Ok(sockets) => Ok(lock(sockets)),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidInput, error.clone())),
    }
}

/// Gives the descriptors that are meant for the process `pid`, with their names.
fn numbers(variable: impl Fn(&str) -> Option<String>, pid: u32) -> Result<Vec<(RawFd, String)>, String> {
    let Some(count) = variable("LISTEN_FDS") else { return Ok(Vec::new()) };
    let Some(meant) = variable("LISTEN_PID") else {
        return Err("LISTEN_FDS is set and LISTEN_PID is not: set it to the id of this process".to_owned());
    };
    let meant: u32 = meant.parse().map_err(|_| format!("LISTEN_PID is `{meant}`: expected a process id"))?;
    if meant != pid {
        // Meant for the parent process, which has not cleared it.
        return Ok(Vec::new());
    }
    let last = count.parse().ok().and_then(|count: u16| FIRST_DESCRIPTOR.checked_add(count.into()));
    let last = last.ok_or_else(|| format!("LISTEN_FDS is `{count}`: expected a number of sockets"))?;
    let names = variable("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').filter(|name| !name.is_empty());
    Ok((FIRST_DESCRIPTOR..last)
        .map(|number| (number, names.next().unwrap_or("unknown").to_owned()))
        .collect())
}

fn own((number, name): (RawFd, String)) -> Result<Passed, String> {
    // Only a listening socket is taken over. Any other descriptor belongs to another part of the program.
    // SAFETY: F_GETFD reads a flag of the descriptor, or fails if there is no such descriptor.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(format!(
            "LISTEN_FDS says that descriptor {number} (`{name}`) is a listening socket: it is not open"
        ));
    }
    // SAFETY: the descriptor is open, and the protocol gives it to this process. It is taken once, because this runs once.
    let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(number) });
    if !is_listener(&socket) {
        // Another part of the program may own it after all.
        std::mem::forget(socket);
        return Err(format!(
            "LISTEN_FDS says that descriptor {number} (`{name}`) is a listening socket: it does not listen"
        ));
    }
    socket.set_cloexec(true).map_err(|error| format!("descriptor {number} (`{name}`): {error}"))?;
    Ok(Passed { name, socket })
}

#[cfg(target_os = "linux")]
fn is_listener(socket: &Socket) -> bool {
    socket.is_listener().unwrap_or(false)
}

/// Whether it is a stream socket without a peer, because not every kernel says whether a socket listens.
#[cfg(not(target_os = "linux"))]
fn is_listener(socket: &Socket) -> bool {
    socket.r#type().is_ok_and(|kind| kind == socket2::Type::STREAM) && socket.peer_addr().is_err()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    fn with(pairs: &[(&str, &str)], pid: u32) -> Result<Vec<(i32, String)>, String> {
        numbers(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()), pid)
    }

    #[test]
    fn nothing_is_inherited_without_the_variables() {
        assert_eq!(with(&[], 7), Ok(Vec::new()));
    }

    #[test]
    fn each_socket_has_its_number_and_name() {
        let sockets = with(&[("LISTEN_FDS", "3"), ("LISTEN_PID", "7"), ("LISTEN_FDNAMES", "http:admin")], 7);
        let expected =
            [(3, "http"), (4, "admin"), (5, "unknown")].map(|(number, name)| (number, name.to_owned()));
        assert_eq!(sockets, Ok(expected.to_vec()));
    }

    #[test]
    fn sockets_for_another_process_are_left_alone() {
        assert_eq!(with(&[("LISTEN_FDS", "1"), ("LISTEN_PID", "8")], 7), Ok(Vec::new()));
    }

    #[test]
    fn an_invalid_value_is_an_error_that_says_what_is_expected() {
        let error = with(&[("LISTEN_FDS", "many"), ("LISTEN_PID", "7")], 7).unwrap_err();
        assert_eq!(error, "LISTEN_FDS is `many`: expected a number of sockets");
        let error = with(&[("LISTEN_FDS", "1"), ("LISTEN_PID", "me")], 7).unwrap_err();
        assert_eq!(error, "LISTEN_PID is `me`: expected a process id");
        assert!(with(&[("LISTEN_FDS", "1")], 7).unwrap_err().contains("LISTEN_PID is not"));
    }
}
