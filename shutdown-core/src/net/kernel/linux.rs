//! How a Linux kernel is told which new clients a listener receives.

#![expect(unsafe_code, reason = "a system call for an option of a socket that no library has")]

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use socket2::{SockFilter, SockRef};

/// Makes the kernel drop the first packet of every new connection. The client sends it again a second later, to the next
/// listener of this address if there is one. Handshakes that have begun go on. So no connection is accepted, only to be
/// reset when the listener closes.
pub(crate) fn refuse_new(listener: &impl AsFd) -> io::Result<()> {
    // Classic BPF over a packet that begins with its TCP header: the flags are byte 13, SYN is bit 1.
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    SockRef::from(listener).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, 13),
        SockFilter::new(JUMP_IF_SET, 0, 1, 0x02),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ])
}

/// Undoes [`refuse_new`], for a listener that another process holds too and goes on with.
pub(crate) fn admit_new(listener: &impl AsFd) -> io::Result<()> {
    SockRef::from(listener).detach_filter()
}

/// Makes the kernel give every new connection to one of the listeners that share this port: the one with this number, in
/// the order in which they joined.
pub(crate) fn send_new_to(listener: &impl AsFd, number: u32) -> io::Result<()> {
    // Classic BPF: `return number`.
    let mut choice = libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: number };
    let program = libc::sock_fprog { len: 1, filter: &raw mut choice };
    let size = libc::socklen_t::try_from(size_of_val(&program)).expect("it is two words long");
    // SAFETY: the option takes a `sock_fprog` with its size, and gets one. The kernel copies the program and its one
    // instruction, and both live until the call returns.
    let set = unsafe {
        libc::setsockopt(
            listener.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_REUSEPORT_CBPF,
            (&raw const program).cast(),
            size,
        )
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::super::accept;
    use super::*;

    /// The kernel retries for a client after a second. Before that a dropped handshake looks like an absent server.
    const BEFORE_RETRY: Duration = Duration::from_millis(300);

    #[test]
    fn a_new_client_is_accepted_only_after_the_filter_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let early = TcpStream::connect(address).unwrap();
        refuse_new(&listener).unwrap();
        let new = TcpStream::connect_timeout(&address, BEFORE_RETRY);
        assert_eq!(new.unwrap_err().kind(), ErrorKind::TimedOut);
        let (_, peer) = accept(&listener).unwrap().expect("the earlier client is in the queue");
        assert_eq!(peer.as_socket(), early.local_addr().ok());
        assert!(accept(&listener).unwrap().is_none());
        admit_new(&listener).unwrap();
        TcpStream::connect(address).unwrap();
    }
}
