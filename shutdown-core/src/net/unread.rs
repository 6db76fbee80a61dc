//! The bytes of a connection that only the kernel knows.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::any::Any;

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::stream::Stream;
#[cfg(unix)]
pub(crate) use unix::SocketId;
#[cfg(windows)]
pub(crate) use windows::SocketId;

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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

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
}
