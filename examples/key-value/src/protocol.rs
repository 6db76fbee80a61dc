//! The frames of Redis (RESP 2): a command is an array of byte strings.
//!
//! ```text
//! *2\r\n $3\r\n GET\r\n $5\r\n color\r\n
//! ```

use std::io::{self, ErrorKind};

/// The largest number of byte strings in a command, and the largest byte string.
const MOST_PARTS: usize = 16;
const MOST_BYTES: usize = 1 << 20;

pub(crate) enum Command {
    Get(Vec<u8>),
    Set(Vec<u8>, Vec<u8>),
    Ping,
    Publish(Vec<u8>, Vec<u8>),
    Subscribe(Vec<u8>),
    Unknown,
}

pub(crate) enum Reply {
    Word(&'static str),
    Error(&'static str),
    Number(usize),
    Bytes(Vec<u8>),
    Nothing,
    List(Vec<Reply>),
}

/// Parses the first command, and gives its length in bytes. `None` if a part of it is missing.
pub(crate) fn parse(bytes: &[u8]) -> io::Result<Option<(Command, usize)>> {
    let mut rest = bytes;
    let Some(count) = number(&mut rest, b'*', MOST_PARTS)? else { return Ok(None) };
    let mut parts = Vec::new();
    for _ in 0..count {
        let Some(length) = number(&mut rest, b'$', MOST_BYTES)? else { return Ok(None) };
        let Some((part, after)) = rest.split_at_checked(length) else { return Ok(None) };
        let Some((end, after)) = after.split_at_checked(2) else { return Ok(None) };
        if end != b"\r\n" {
            return Err(invalid());
        }
        parts.push(part.to_vec());
        rest = after;
    }
    Ok(Some((command(parts), bytes.len() - rest.len())))
}

/// Takes a line such as `*2` or `$3`.
fn number(rest: &mut &[u8], kind: u8, most: usize) -> io::Result<Option<usize>> {
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else {
        // A number of at most 7 digits has arrived by now.
        return if rest.len() < 16 { Ok(None) } else { Err(invalid()) };
    };
    let digits = rest[..end].strip_prefix(&[kind]).and_then(|digits| str::from_utf8(digits).ok());
    let number = digits.and_then(|digits| digits.parse().ok()).filter(|number| *number <= most);
    *rest = &rest[end + 2..];
    number.map(Some).ok_or_else(invalid)
}

fn invalid() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the client does not speak this protocol")
}

fn command(parts: Vec<Vec<u8>>) -> Command {
    let mut parts = parts.into_iter();
    let name = parts.next().unwrap_or_default().to_ascii_uppercase();
    match (&*name, parts.next(), parts.next(), parts.next()) {
        (b"PING", None, None, None) => Command::Ping,
        (b"GET", Some(key), None, None) => Command::Get(key),
        (b"SET", Some(key), Some(value), None) => Command::Set(key, value),
        (b"PUBLISH", Some(channel), Some(message), None) => Command::Publish(channel, message),
        (b"SUBSCRIBE", Some(channel), None, None) => Command::Subscribe(channel),
        _ => Command::Unknown,
    }
}

impl Reply {
    /// Builds what a subscriber receives.
    pub(crate) fn event(kind: &str, channel: &[u8], content: Reply) -> Reply {
        Reply::List(vec![Reply::Bytes(kind.into()), Reply::Bytes(channel.into()), content])
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Reply::Word(word) => format!("+{word}\r\n").into_bytes(),
            Reply::Error(error) => format!("-ERR {error}\r\n").into_bytes(),
            Reply::Number(number) => format!(":{number}\r\n").into_bytes(),
            Reply::Bytes(bytes) => [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
            Reply::Nothing => b"$-1\r\n".to_vec(),
            Reply::List(replies) => {
                let head = format!("*{}\r\n", replies.len()).into_bytes();
                replies.iter().fold(head, |bytes, reply| [bytes, reply.to_bytes()].concat())
            }
        }
    }
}
