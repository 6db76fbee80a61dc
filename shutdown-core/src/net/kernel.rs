//! What only the kernel can do with a socket, with one file for each platform.
//!
//! Only Linux can refuse the new clients of a listener that closes. Elsewhere a client can still be accepted and reset
//! between the last accept and the close, so that the lame duck is the only protection there.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;

use socket2::SockRef;

#[cfg(target_os = "linux")]
pub(crate) use linux::{admit_new, refuse_new, send_new_to};
#[cfg(unix)]
pub(crate) use unix::{AsSocket, errno};
#[cfg(windows)]
pub(crate) use windows::{AsSocket, errno};

/// Does nothing, since only Linux can refuse new clients.
#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_new(_: &impl AsSocket) -> io::Result<()> {
    Ok(())
}

/// Does nothing, since only Linux can refuse new clients.
#[cfg(not(target_os = "linux"))]
pub(crate) fn admit_new(_: &impl AsSocket) -> io::Result<()> {
    Ok(())
}

/// Accepts the next connection of a listener's queue, without the runtime. `None` if the queue is empty.
pub(crate) fn accept(listener: &impl AsSocket) -> io::Result<Option<(socket2::Socket, socket2::SockAddr)>> {
    match SockRef::from(listener).accept() {
        Ok((socket, peer)) => {
            socket.set_nonblocking(true)?;
            Ok(Some((socket, peer)))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
