#![expect(unsafe_code, reason = "`FIONREAD` is a system call on a descriptor that the connection owns")]

use std::os::fd::{AsRawFd, RawFd};

/// A socket, as a number that does not keep it open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketId(RawFd);

impl SocketId {
    pub(crate) fn of(socket: &impl AsRawFd) -> SocketId {
        SocketId(socket.as_raw_fd())
    }

    /// Counts the bytes that the kernel holds and nobody has read yet. The runtime may not have reported them.
    pub(crate) fn unread_bytes(self) -> usize {
        let mut bytes: libc::c_int = 0;
        // SAFETY: FIONREAD writes one `c_int`, and `bytes` is one. If the descriptor is not a socket any more, the call
        // fails, or it gives a number that belongs to the new owner of the descriptor.
        let asked = unsafe { libc::ioctl(self.0, libc::FIONREAD, &raw mut bytes) };
        if asked == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
    }
}
