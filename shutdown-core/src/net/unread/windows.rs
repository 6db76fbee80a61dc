#![expect(unsafe_code, reason = "`FIONREAD` is a system call on a socket that the connection owns")]

use std::os::windows::io::AsRawSocket;

use windows_sys::Win32::Networking::WinSock::{FIONREAD, SOCKET, ioctlsocket};

/// A socket, as a number that does not keep it open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketId(SOCKET);

impl SocketId {
    pub(crate) fn of(socket: &impl AsRawSocket) -> SocketId {
        SocketId(usize::try_from(socket.as_raw_socket()).expect("a socket is as wide as a pointer"))
    }

    /// Counts the bytes that Windows holds and nobody has read yet. The runtime may not have reported them.
    pub(crate) fn unread_bytes(self) -> usize {
        let mut bytes: u32 = 0;
        // SAFETY: FIONREAD writes one `u_long`, which is a `u32` on Windows, and `bytes` is one. If the number is not a
        // socket any more, the call fails, or it gives a number that belongs to the new owner.
        let asked = unsafe { ioctlsocket(self.0, FIONREAD, &raw mut bytes) };
        if asked == 0 { usize::try_from(bytes).unwrap_or(usize::MAX) } else { 0 }
    }
}
