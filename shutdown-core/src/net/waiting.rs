//! A look at the accept queue of a listener from which another crate accepts.

#![expect(unsafe_code, reason = "a system call on a descriptor that the caller owns")]

use std::os::fd::{AsFd, AsRawFd as _};

/// Returns whether a connection waits in the queue of a listener.
pub(super) fn has_waiting(listener: &impl AsFd) -> bool {
    let mut asked = libc::pollfd { fd: listener.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the call gets one `pollfd`, which lives until it returns. A time-out of zero does not block.
    let ready = unsafe { libc::poll(&raw mut asked, 1, 0) };
    ready == 1 && asked.revents & libc::POLLIN != 0
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_waits_until_it_is_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!has_waiting(&listener));
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(has_waiting(&listener));
        listener.accept().unwrap();
        assert!(!has_waiting(&listener));
    }
}
