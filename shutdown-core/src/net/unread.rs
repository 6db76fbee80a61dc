//! The bytes of a connection that only the kernel knows.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::any::Any;

use socket2::SockRef;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::stream::Stream;
#[cfg(unix)]
pub(crate) use unix::SocketId;
#[cfg(windows)]
pub(crate) use windows::SocketId;

/// Only Linux can be asked for these.
#[cfg(not(target_os = "linux"))]
impl SocketId {
    /// Returns `None`: this kernel cannot be asked how much the client has confirmed.
    #[expect(clippy::unused_self, reason = "Linux needs it")]
    pub(crate) fn unconfirmed_bytes(self) -> Option<usize> {
        None
    }

    /// Returns false: this kernel holds nothing back, and the end of a connection is a packet of its own.
    #[expect(clippy::unused_self, reason = "Linux needs it")]
    pub(crate) fn hold_back(self, _: bool) -> bool {
        false
    }
}

/// Gives the socket of a connection, if the connection is nothing but a socket of a known type.
pub(crate) fn socket(io: &impl Any) -> Option<SocketId> {
    let io: &dyn Any = io;
    if let Some(stream) = io.downcast_ref::<Stream>() {
        return Some(match stream {
            Stream::Tcp(stream) => SocketId::of(stream),
            #[cfg(unix)]
            Stream::Unix(stream) => SocketId::of(stream),
        });
    }
    #[cfg(unix)]
    if let Some(stream) = io.downcast_ref::<UnixStream>() {
        return Some(SocketId::of(stream));
    }
    io.downcast_ref::<TcpStream>().map(SocketId::of)
}

/// Borrows the socket of a connection, under the same condition as [`socket`].
pub(crate) fn sock_ref(io: &impl Any) -> Option<SockRef<'_>> {
    let io: &dyn Any = io;
    if let Some(stream) = io.downcast_ref::<Stream>() {
        return Some(match stream {
            Stream::Tcp(stream) => SockRef::from(stream),
            #[cfg(unix)]
            Stream::Unix(stream) => SockRef::from(stream),
        });
    }
    #[cfg(unix)]
    if let Some(stream) = io.downcast_ref::<UnixStream>() {
        return Some(SockRef::from(stream));
    }
    io.downcast_ref::<TcpStream>().map(SockRef::from)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use std::io::Read as _;
    use std::io::Write as _;
    #[cfg(target_os = "linux")]
    use std::net;

    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn bytes_that_nobody_has_read_are_counted() {
        let (mut client, server) = std::os::unix::net::UnixStream::pair().unwrap();
        server.set_nonblocking(true).unwrap();
        let server = Stream::Unix(UnixStream::from_std(server).unwrap());
        let socket = socket(&server).unwrap();
        assert_eq!(socket.unread_bytes(), 0);
        client.write_all(b"GET /").unwrap();
        assert_eq!(socket.unread_bytes(), 5);
    }

    #[tokio::test]
    async fn bytes_of_a_tcp_connection_are_counted() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let socket = socket(&server).unwrap();
        assert_eq!(socket.unread_bytes(), 0);
        client.write_all(b"GET /").unwrap();
        // Loopback delivers the bytes some time after `write` has returned.
        server.readable().await.unwrap();
        assert_eq!(socket.unread_bytes(), 5);
    }

    #[test]
    fn a_connection_that_is_more_than_a_socket_has_none() {
        assert!(socket(&"TLS over a socket").is_none());
    }

    #[cfg(target_os = "linux")]
    fn pair() -> (net::TcpStream, net::TcpStream) {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, client)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn bytes_are_unconfirmed_until_the_client_has_room_for_them() {
        let (mut server, mut client) = pair();
        let socket = SocketId::of(&server);
        assert_eq!(socket.unconfirmed_bytes(), Some(0));
        server.set_nonblocking(true).unwrap();
        let answer = [b'x'; 1 << 16];
        let mut sent = 0;
        while let Ok(length) = server.write(&answer) {
            sent += length;
        }
        assert!(socket.unconfirmed_bytes().is_some_and(|bytes| bytes > 0));
        client.read_exact(&mut vec![0; sent]).unwrap();
        // The last confirmation may take its time.
        while socket.unconfirmed_bytes() != Some(0) {
            std::thread::yield_now();
        }
    }

    /// A client that looks after each answer whether the server has closed always sees that it has.
    #[cfg(target_os = "linux")]
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
            assert!(SocketId::of(&server).hold_back(true));
            server.write_all(b"answer").unwrap();
            // The other thread has time to read the answer, if it were sent.
            std::thread::yield_now();
            server.shutdown(net::Shutdown::Write).unwrap();
            assert_eq!(looking.join().unwrap(), Ok(0));
        }
    }
}
