//! What only the kernel knows of a socket's bytes.

#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "a system call on a descriptor that the caller owns")
)]

#[cfg(unix)]
pub(crate) use std::os::fd::AsRawFd as Socket;
#[cfg(windows)]
pub(crate) use std::os::windows::io::AsRawSocket as Socket;

/// Counts the bytes that were written and that the peer's kernel has not acknowledged. `None` if the kernel cannot be
/// asked. The end of our side (FIN) counts as one.
#[cfg(target_os = "linux")]
pub(crate) fn unacknowledged_bytes(socket: &impl Socket) -> Option<usize> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: SIOCOUTQ, which has the number of TIOCOUTQ, writes one `c_int`, and `bytes` is one. If the descriptor is not
    // a socket any more, the call fails, or it gives a number that belongs to the new owner of the descriptor.
    let asked = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if asked == 0 { usize::try_from(bytes).ok() } else { None }
}

/// Returns `None`: this kernel cannot be asked how much the peer has acknowledged.
#[cfg(not(target_os = "linux"))]
pub(crate) fn unacknowledged_bytes(_: &impl Socket) -> Option<usize> {
    None
}
