//! The socket of a service manager, to which a service sends datagrams of assignments (`sd_notify(3)`).
//!
//! # Safety
//!
//! This file calls `libc` with descriptors that are open, and with pointers to locals that live through the call.
#![expect(unsafe_code, reason = "std cannot send a descriptor, and has no number for its clock")]

use std::ffi::OsString;
use std::io::{self, IoSlice, PipeReader};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// The socket of the service manager.
pub(super) struct Socket(UnixDatagram);

impl Socket {
    /// Connects to the socket that `NOTIFY_SOCKET` names: a path, or `@` and an abstract name.
    pub(super) fn connect(name: &OsString) -> io::Result<Socket> {
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address(name)?)?;
        Ok(Socket(socket))
    }

    /// Sends one datagram.
    pub(super) fn send(&self, assignments: &str) -> io::Result<()> {
        self.0.send(assignments.as_bytes()).map(drop)
    }

    /// Sends one datagram with a descriptor.
    pub(super) fn send_with(&self, assignments: &str, descriptor: BorrowedFd<'_>) -> io::Result<()> {
        let size = u32::try_from(size_of::<i32>()).expect("four");
        let mut text = [IoSlice::new(assignments.as_bytes())];
        // Integers, so that the memory is aligned for a header.
        let mut control = [0_u64; 8];
        // SAFETY: zero is a value of each field. The lengths are those of the locals, and the macros of `libc` stay inside
        // of `control`, which is larger than the space of one descriptor.
        let sent = unsafe {
            let mut message: libc::msghdr = std::mem::zeroed();
            message.msg_iov = text.as_mut_ptr().cast();
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = libc::CMSG_SPACE(size) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size) as _;
            libc::CMSG_DATA(header).cast::<i32>().write_unaligned(descriptor.as_raw_fd());
            libc::sendmsg(self.0.as_raw_fd(), &raw const message, 0)
        };
        if sent == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// Waits until the other ends of a pipe are closed, for at most `limit`.
pub(super) fn wait_until_closed(pipe: &PipeReader, limit: Duration) {
    let until = Instant::now() + limit;
    // Without events: the kernel reports the end of a pipe in any case.
    let mut ends = libc::pollfd { fd: pipe.as_raw_fd(), events: 0, revents: 0 };
    loop {
        let left = until.saturating_duration_since(Instant::now()).as_millis();
        // SAFETY: the pointer is to one local, and the descriptor is open.
        let ready = unsafe { libc::poll(&raw mut ends, 1, i32::try_from(left).unwrap_or(i32::MAX)) };
        // A signal ends the call early.
        if ready != -1 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

#[cfg(target_os = "linux")]
fn address(name: &OsString) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(target_os = "linux"))]
fn address(name: &OsString) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}

/// Returns the microseconds of the monotonic clock, as a service manager counts them.
pub(super) fn monotonic_micros() -> u64 {
    let mut now = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the call fills in the local. It cannot fail for this clock.
    let now = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr());
        now.assume_init()
    };
    let (seconds, nanos) = (now.tv_sec.cast_unsigned(), now.tv_nsec.cast_unsigned());
    seconds * 1_000_000 + nanos / 1_000
}
