//! The bytes of a connection on their way to the client.

#![expect(unsafe_code, reason = "system calls on a descriptor that the connection owns")]

use std::os::fd::RawFd;

/// Counts the bytes that were written and that the client's kernel has not confirmed. `None` if the kernel cannot be
/// asked. The end of our side (FIN) counts as one.
#[cfg(target_os = "linux")]
pub(super) fn unconfirmed_bytes(socket: RawFd) -> Option<usize> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: SIOCOUTQ, which has the number of TIOCOUTQ, writes one `c_int`, and `bytes` is one. The caller's connection
    // owns the descriptor.
    let asked = unsafe { libc::ioctl(socket, libc::TIOCOUTQ, &raw mut bytes) };
    if asked == 0 { usize::try_from(bytes).ok() } else { None }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn unconfirmed_bytes(_: RawFd) -> Option<usize> {
    None
}

/// Makes the kernel hold back the last, partly filled packet of a TCP connection, for at most 200 ms (`tcp(7)`). The end
/// of the connection is then part of the packet that has the last answer. Does nothing for other connections, and on other
/// kernels.
#[cfg(target_os = "linux")]
pub(super) fn hold_back(socket: RawFd, hold: bool) {
    let hold = libc::c_int::from(hold);
    let size = libc::socklen_t::try_from(size_of_val(&hold)).expect("an integer is a few bytes long");
    // SAFETY: the option takes one `c_int` with its size, and gets one. The caller's connection owns the descriptor. A Unix
    // socket does not know the option, and then the call fails without an effect.
    unsafe { libc::setsockopt(socket, libc::IPPROTO_TCP, libc::TCP_CORK, (&raw const hold).cast(), size) };
}

#[cfg(not(target_os = "linux"))]
pub(super) fn hold_back(_: RawFd, _: bool) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, client)
    }

    #[test]
    fn bytes_are_unconfirmed_until_the_client_has_room_for_them() {
        let (mut server, mut client) = pair();
        let socket = server.as_raw_fd();
        assert_eq!(unconfirmed_bytes(socket), Some(0));
        server.set_nonblocking(true).unwrap();
        let answer = [b'x'; 1 << 16];
        let mut sent = 0;
        while let Ok(length) = server.write(&answer) {
            sent += length;
        }
        assert!(unconfirmed_bytes(socket).is_some_and(|bytes| bytes > 0));
        client.read_exact(&mut vec![0; sent]).unwrap();
        // The last confirmation may take its time.
        while unconfirmed_bytes(socket) != Some(0) {
            std::thread::yield_now();
        }
    }

    /// A client that looks after each answer whether the server has closed always sees that it has.
    #[test]
    fn the_end_arrives_with_the_answer_that_was_held_back() {
        for _ in 0..200 {
            let (mut server, mut client) = pair();
            server.set_nodelay(true).unwrap();
            let looking = std::thread::spawn(move || {
                client.read_exact(&mut [0; 6]).unwrap();
                client.set_nonblocking(true).unwrap();
                client.read(&mut [0; 1]).map_err(|error| error.kind())
            });
            hold_back(server.as_raw_fd(), true);
            server.write_all(b"answer").unwrap();
            // The other thread has time to read the answer, if it were sent.
            std::thread::yield_now();
            server.shutdown(Shutdown::Write).unwrap();
            assert_eq!(looking.join().unwrap(), Ok(0));
        }
    }
}
