//! Which of the listeners that a socket unit passed is meant.

use std::io;

use socket2::Socket;

use crate::listen_fds::{self, Passed};

/// Gives the address that it is bound to, in the form that `listen` takes.
fn address_of(passed: &Passed) -> String {
    let Ok(address) = passed.socket.local_addr() else { return "no address".to_owned() };
    match (address.as_socket(), address.as_pathname()) {
        (Some(address), _) => address.to_string(),
        (_, Some(path)) => format!("unix:{}", path.display()),
        (None, None) => "no address".to_owned(),
    }
}

fn is_bound_to(passed: &Passed, address: &str) -> bool {
    let normal = address.parse().map_or_else(
        |_| address.strip_prefix("localhost").map_or(address.to_owned(), |port| format!("127.0.0.1{port}")),
        |address: std::net::SocketAddr| address.to_string(),
    );
    address_of(passed) == normal
}

/// Takes the socket that is bound to `address`, or the only one.
pub(super) fn take_bound_to(address: &str) -> io::Result<Option<Socket>> {
    let mut sockets = listen_fds::sockets()?;
    let at = sockets.iter().position(|passed| is_bound_to(passed, address));
    match at {
        Some(at) => Ok(Some(sockets.remove(at).socket)),
        None if sockets.len() > 1 => {
            let names: Vec<String> =
                sockets.iter().map(|passed| format!("`{}` at {}", passed.name, address_of(passed))).collect();
            Err(io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                format!(
                    "none of the inherited sockets ({}) is bound to it: call `listen_as` with one of these names",
                    names.join(", ")
                ),
            ))
        }
        None => Ok(sockets.pop().map(|passed| passed.socket)),
    }
}

/// Takes the socket with this name.
pub(super) fn take_named(name: &str) -> io::Result<Option<Socket>> {
    let mut sockets = listen_fds::sockets()?;
    let at = sockets.iter().position(|passed| passed.name == name);
    Ok(at.map(|at| sockets.remove(at).socket))
}
