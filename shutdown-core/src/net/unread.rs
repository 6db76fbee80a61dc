//! The bytes of a connection that only the kernel knows.

#![expect(unsafe_code, reason = "a system call on a descriptor that the connection owns")]

use std::any::Any;
use std::os::fd::{AsRawFd, RawFd};

use socket2::SockRef;
use tokio::net::{TcpStream, UnixStream};

use super::stream::Stream;

/// Gives the socket of a connection, if the connection is nothing but a socket of a known type.
pub(crate) fn descriptor(io: &impl Any) -> Option<RawFd> {
    let io: &dyn Any = io;
    if let Some(stream) = io.downcast_ref::<Stream>() {
        return Some(match stream {
            Stream::Tcp(stream) => stream.as_raw_fd(),
            Stream::Unix(stream) => stream.as_raw_fd(),
        });
    }
    let tcp = io.downcast_ref::<TcpStream>().map(AsRawFd::as_raw_fd);
    tcp.or_else(|| Some(io.downcast_ref::<UnixStream>()?.as_raw_fd()))
}

/// Borrows the socket of a connection, under the same condition as [`descriptor`].
pub(crate) fn sock_ref(io: &impl Any) -> Option<SockRef<'_>> {
    let io: &dyn Any = io;
    if let Some(stream) = io.downcast_ref::<Stream>() {
        return Some(match stream {
            Stream::Tcp(stream) => SockRef::from(stream),
            Stream::Unix(stream) => SockRef::from(stream),
        });
    }
    let tcp = io.downcast_ref::<TcpStream>().map(SockRef::from);
    tcp.or_else(|| Some(SockRef::from(io.downcast_ref::<UnixStream>()?)))
}

/// Counts the bytes that the kernel holds and nobody has read yet. The runtime may not have reported them.
pub(crate) fn unread_bytes(socket: RawFd) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: FIONREAD writes one `c_int`, and `bytes` is one. If the descriptor is not a socket any more, the call
    // fails, or it gives a number that belongs to the new owner of the descriptor.
    let asked = unsafe { libc::ioctl(socket, libc::FIONREAD, &raw mut bytes) };
    if asked == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream as Client;

    use super::*;

    #[tokio::test]
    async fn bytes_that_nobody_has_read_are_counted() {
        let (mut client, server) = Client::pair().unwrap();
        server.set_nonblocking(true).unwrap();
        let server = Stream::Unix(UnixStream::from_std(server).unwrap());
        let socket = descriptor(&server).unwrap();
        assert_eq!(unread_bytes(socket), 0);
        client.write_all(b"GET /").unwrap();
        assert_eq!(unread_bytes(socket), 5);
    }

    #[test]
    fn a_connection_that_is_more_than_a_socket_has_no_descriptor() {
        assert!(descriptor(&"TLS over a socket").is_none());
    }
}
