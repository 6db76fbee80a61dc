#![expect(unsafe_code, reason = "system calls on a descriptor that the connection owns")]

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

    /// Counts the bytes that were written and that the client's kernel has not confirmed. `None` if the kernel cannot be
    /// asked. The end of our side (FIN) counts as one.
    #[cfg(target_os = "linux")]
    pub(crate) fn unconfirmed_bytes(self) -> Option<usize> {
        crate::socket::unacknowledged_bytes(&self.0)
    }

    /// Makes the kernel hold back the last, partly filled packet of a TCP connection, for at most 200 ms (`tcp(7)`). The
    /// end of the connection is then part of the packet that has the last answer. Returns whether the kernel does it: a
    /// Unix socket has no packets. The caller makes sure that the socket is open.
    #[cfg(target_os = "linux")]
    pub(crate) fn hold_back(self, hold: bool) -> bool {
        let hold = libc::c_int::from(hold);
        let size = libc::socklen_t::try_from(size_of_val(&hold)).expect("an integer is a few bytes long");
        // SAFETY: the option takes one `c_int` with its size, and gets one.
        let set = unsafe {
            libc::setsockopt(self.0, libc::IPPROTO_TCP, libc::TCP_CORK, (&raw const hold).cast(), size)
        };
        set == 0
    }
}
