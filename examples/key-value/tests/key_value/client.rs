//! Clients that send each command once, and count what was answered.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The longest time for an answer. A service has less time to stop.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The kernel drops the packets of new clients while a listener closes.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// What a client was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The commands that were sent whole and had no answer.
    pub(crate) lost: Vec<String>,
    /// How many deliveries the answers to PUBLISH promised.
    pub(crate) delivered: usize,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Client { stream: BufReader::new(stream) })
    }

    pub(crate) fn send(&mut self, command: &[&str]) -> io::Result<()> {
        self.stream.get_ref().write_all(encode(command).as_bytes())
    }

    pub(crate) fn send_bytes(&mut self, bytes: &str) {
        self.stream.get_ref().write_all(bytes.as_bytes()).expect("the service reads");
    }

    /// Reads one reply: `PONG`, `7`, a value, or `-` for nothing. The parts of a list are joined by spaces.
    pub(crate) fn reply(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let (kind, rest) = line.trim_end().split_at(1);
        match (kind, rest) {
            ("$", "-1") => Ok("-".to_owned()),
            ("$", length) => {
                let mut value = vec![0; length.parse::<usize>().map_err(io::Error::other)? + 2];
                self.stream.read_exact(&mut value)?;
                value.truncate(value.len() - 2);
                String::from_utf8(value).map_err(io::Error::other)
            }
            ("*", count) => {
                let count = count.parse::<usize>().map_err(io::Error::other)?;
                Ok((0..count).map(|_| self.reply()).collect::<Result<Vec<_>, _>>()?.join(" "))
            }
            (_, rest) => Ok(rest.to_owned()),
        }
    }

    pub(crate) fn ask(&mut self, command: &[&str]) -> io::Result<String> {
        self.send(command)?;
        self.reply()
    }

    /// Looks whether the service has closed, as a pool does before it uses a connection again.
    pub(crate) fn has_closed(&self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).expect("a socket");
        let peeked = stream.peek(&mut [0; 1]);
        stream.set_nonblocking(false).expect("a socket");
        !peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

pub(crate) fn encode(command: &[&str]) -> String {
    let parts = command.iter().map(|part| format!("${}\r\n{part}\r\n", part.len()));
    format!("*{}\r\n{}", command.len(), parts.collect::<String>())
}

/// Sends one command after the other until the service refuses connections. A client with an even number keeps its
/// connection, the others open one for each command.
pub(crate) fn send_in_a_loop(address: SocketAddr, number: usize, answered: &AtomicUsize) -> Told {
    let mut told = Told::default();
    let mut kept: Option<Client> = None;
    let key = format!("key{number}");
    for round in 0.. {
        let mut client = match kept.take().filter(|client| !client.has_closed()) {
            Some(client) => client,
            None => match Client::connect(address) {
                Ok(client) => client,
                Err(_) => break,
            },
        };
        let value = round.to_string();
        let command: &[&str] = match round % 4 {
            0 => &["PING"],
            1 => &["SET", &key, &value],
            2 => &["GET", &key],
            _ => &["PUBLISH", "news", &value],
        };
        match client.ask(command) {
            Ok(reply) => {
                match round % 4 {
                    0 => assert_eq!(reply, "PONG"),
                    1 => assert_eq!(reply, "OK"),
                    2 => assert_eq!(reply, (round - 1).to_string()),
                    _ => told.delivered += reply.parse::<usize>().expect("a number of subscribers"),
                }
                answered.fetch_add(1, Ordering::Relaxed);
                kept = (number % 2 == 0).then_some(client);
            }
            Err(error) => told.lost.push(format!("{command:?}: {error}")),
        }
    }
    told
}
