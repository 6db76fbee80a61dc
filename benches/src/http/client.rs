//! A raw HTTP/1.1 client over blocking sockets.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

// The path is not `/`, because the `http` crate parses `/` without a copy.
pub(crate) const REQUEST: &[u8] =
    b"GET /hello HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\naccept: */*\r\n\r\n";
pub(crate) const LAST_REQUEST: &[u8] = b"GET /hello HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\n\
    accept: */*\r\nconnection: close\r\n\r\n";
/// The start and the end of a response.
const ANSWER: (&[u8], &[u8]) = (b"HTTP/1.1 200 OK\r\n", b"\r\n\r\nhello");

/// Returns whether `bytes` is a complete response.
pub(crate) fn is_answer(bytes: &[u8]) -> bool {
    bytes.starts_with(ANSWER.0) && bytes.ends_with(ANSWER.1)
}

pub(crate) struct Client {
    socket: TcpStream,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Client {
        let socket = TcpStream::connect(address).expect("the kernel lets it in");
        // The time-out ends the wait for a lost request if the server keeps the connection open.
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a time");
        Client { socket }
    }

    pub(crate) fn ask(&mut self) -> io::Result<()> {
        self.socket.write_all(REQUEST)
    }

    /// Returns whether a complete response arrived.
    pub(crate) fn hear(&mut self) -> bool {
        let (mut bytes, mut length) = ([0; 512], 0);
        loop {
            match self.socket.read(&mut bytes[length..]) {
                Ok(0) | Err(_) => return false,
                Ok(more) => length += more,
            }
            if is_answer(&bytes[..length]) {
                return true;
            }
        }
    }
}

/// Opens connections that have each been answered once.
pub(crate) fn answered(address: SocketAddr, connections: usize) -> Vec<Client> {
    let connect = |_| {
        let mut client = Client::connect(address);
        client.ask().expect("it is open");
        assert!(client.hear(), "an answer");
        client
    };
    (0..connections).map(connect).collect()
}
