//! What only the kernel knows about a socket.

#![expect(
    unsafe_code,
    reason = "two system calls: one for a descriptor that something else owns, one for an option that no library knows"
)]

use std::io;
use std::os::fd::{AsFd, RawFd};

use socket2::SockRef;

/// How many bytes the kernel holds that nobody has read yet: tokio's readiness may not know of them.
pub(crate) fn waiting(socket: RawFd) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: FIONREAD writes one `c_int`, and `bytes` is one. A descriptor that is no socket any more is an error,
    // or answers for what took its place: a number all the same.
    let asked = unsafe { libc::ioctl(socket, libc::FIONREAD, &raw mut bytes) };
    if asked == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
}

/// From now on the kernel drops the first packet of every new connection, and the client sends it again a second
/// later: to the next listener of this address, if there is one by then. Handshakes under way go on. So nobody is let
/// in, only to be reset when the listener closes.
#[cfg(target_os = "linux")]
pub(crate) fn refuse_new(listener: &impl AsFd) -> io::Result<()> {
    use socket2::SockFilter;

    // As classic BPF, over a packet that begins with its TCP header: the flags are byte 13, SYN is bit 1.
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

/// From now on the kernel gives every new connection to the listener of this number among those that share the port of
/// this one, in the order in which they came.
#[cfg(target_os = "linux")]
pub(crate) fn send_new_to(listener: &impl AsFd, number: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    // As classic BPF: `return number`.
    let mut choice = libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: number };
    let program = libc::sock_fprog { len: 1, filter: &raw mut choice };
    let size = libc::socklen_t::try_from(size_of_val(&program)).expect("two words");
    // SAFETY: the option takes a `sock_fprog`, which is what it is given, with its size; the kernel copies that and the
    // one instruction that it points at, and both are there until the call returns.
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

/// Elsewhere a connection may still be let in and reset between the last accept and the close.
#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_new(_: &impl AsFd) -> io::Result<()> {
    Ok(())
}

/// Takes that back: a listener may be shared with a process that goes on.
#[cfg(target_os = "linux")]
pub(crate) fn admit_new(listener: &impl AsFd) -> io::Result<()> {
    SockRef::from(listener).detach_filter()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn admit_new(_: &impl AsFd) -> io::Result<()> {
    Ok(())
}

/// The next connection of a listener's queue, straight from the kernel; `None` if that is empty.
pub(crate) fn accept(listener: &impl AsFd) -> io::Result<Option<(socket2::Socket, socket2::SockAddr)>> {
    match SockRef::from(listener).accept() {
        Ok((socket, peer)) => {
            socket.set_nonblocking(true)?;
            Ok(Some((socket, peer)))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;

    /// The kernel asks again for a client after a second: before that nobody can tell it from one that is not there.
    const SOON: Duration = Duration::from_millis(300);

    #[test]
    fn whoever_is_new_is_let_in_only_when_that_is_taken_back() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let early = TcpStream::connect(address).unwrap();
        refuse_new(&listener).unwrap();
        let new = TcpStream::connect_timeout(&address, SOON);
        assert_eq!(new.unwrap_err().kind(), ErrorKind::TimedOut);
        let (_, peer) = accept(&listener).unwrap().expect("whoever was there before is in the queue");
        assert_eq!(peer.as_socket(), early.local_addr().ok());
        assert!(accept(&listener).unwrap().is_none());
        admit_new(&listener).unwrap();
        TcpStream::connect(address).unwrap();
    }
}
