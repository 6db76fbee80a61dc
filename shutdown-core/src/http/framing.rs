//! Where one request ends and the next begins, counted over the bytes that are read. Pure: no socket, no clock.
//!
//! hyper does not say how many bytes of its buffer a request took, and a guess fails for every head that is not written
//! in the most common way. So the bytes are counted here, by the rules of RFC 9112 that hyper follows:
//!
//! 1. A head ends with an empty line. A line ends with LF, with or without CR before it (section 2.2).
//! 2. Empty lines before a request belong to no request (section 2.2).
//! 3. With `Transfer-Encoding` a body is chunked, else `Content-Length` is its length, else there is no body (section
//!    6.3). hyper refuses every request for which that would be ambiguous.
//! 4. A connection that begins with the preface of HTTP/2 (RFC 9113, section 3.4) has frames, which are not counted.
//!
//! ```text
//!                      any other byte                  empty line
//!   Preface(0..24) ──────────────────► Between ──► Head ──────────┬─► Length(n) ──► Between
//!         │                               ▲                       ├─► Chunked ────► Between
//!         └──► Http2                      └───────────────────────┘
//! ```

/// The place up to which a connection has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes of the preface of HTTP/2, and nothing else.
    Preface(u8),
    Http2,
    /// No byte of a further request.
    Between,
    /// A part of a head, and what it says about the body so far.
    Head {
        line: Line,
        is_chunked: bool,
        length: u64,
    },
    /// All of the request but so many bytes of its body.
    Length(u64),
    /// All of the request but the rest of its chunks.
    Chunked {
        part: ChunkPart,
        size: u64,
    },
    /// Bytes that are not HTTP: a tunnel, or a mistake that hyper answers by closing the connection.
    Foreign,
}

// Every idle connection has one.
const _: () = assert!(size_of::<Framing>() == 16);

/// The place up to which the current line of a head has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// No byte but perhaps a CR.
    Start,
    /// So many bytes of `Content-Length:`.
    ContentLength(u8),
    /// So many bytes of `Transfer-Encoding:`.
    TransferEncoding(u8),
    /// A part of the value of `Content-Length`.
    Digits,
    /// A part of a line that does not matter.
    Rest,
}

/// The place up to which a chunked body has been read, and what `size` is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkPart {
    /// The hexadecimal size: its value so far.
    Size,
    /// The extensions: the size of their chunk.
    Extension,
    /// The data: how much of it is missing, the line break after it included.
    Data,
    /// The trailer, at the start of a line.
    TrailerStart,
    /// The trailer, within a line.
    Trailer,
}

/// A place in the bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A head begins.
    Begin,
    /// A head ends.
    End,
}

/// The part of the last request that has not been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Bytes(u64),
    /// Chunks, whose length nobody knows yet.
    Chunks,
}

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const CONTENT_LENGTH: &[u8] = b"content-length:";
const TRANSFER_ENCODING: &[u8] = b"transfer-encoding:";
const LINE_BREAK: u64 = 2;

impl Framing {
    /// Nothing has been read.
    pub(super) const NEW: Framing = Framing::Preface(0);

    pub(super) fn is_new(self) -> bool {
        self == Framing::NEW
    }

    /// Whether the whole preface of HTTP/2 has been read. Before that the client hears no GOAWAY.
    pub(super) fn is_http2(self) -> bool {
        self == Framing::Http2
    }

    /// Whether a head has begun and not ended.
    pub(super) fn is_in_head(self) -> bool {
        matches!(self, Framing::Preface(1..) | Framing::Head { .. })
    }

    /// Gives what is missing of the last request whose head has ended.
    pub(super) fn missing(self) -> Missing {
        match self {
            Framing::Length(left) => Missing::Bytes(left),
            Framing::Chunked { .. } => Missing::Chunks,
            _ => Missing::Bytes(0),
        }
    }

    /// Reads `bytes`, and calls `mark` for each head that begins or ends, with the number of bytes before that place.
    pub(super) fn read(&mut self, bytes: &[u8], mut mark: impl FnMut(Mark, usize)) {
        let mut at = 0;
        while at < bytes.len() {
            let before = *self;
            let read = self.read_part(&bytes[at..]);
            if let (Framing::Preface(seen), Framing::Between) = (before, *self) {
                // A method that begins as the preface does: `PRINT`.
                let seen = usize::from(seen);
                self.read_head_of(&PREFACE[..seen], |what| mark(what, at.saturating_sub(seen)));
            }
            at += read;
            match (before, *self) {
                (Framing::Between, Framing::Head { .. }) => mark(Mark::Begin, at - read),
                (Framing::Head { .. }, Framing::Head { .. }) => {}
                (Framing::Head { .. }, _) => mark(Mark::End, at),
                _ => {}
            }
            if matches!(self, Framing::Http2 | Framing::Foreign) {
                return;
            }
        }
    }

    /// Reads again, as a part of a head, bytes that looked like the preface of HTTP/2.
    fn read_head_of(&mut self, seen: &[u8], mut mark: impl FnMut(Mark)) {
        for byte in seen {
            let before = *self;
            self.read_part(std::slice::from_ref(byte));
            match (before, *self) {
                (Framing::Between, Framing::Head { .. }) => mark(Mark::Begin),
                (Framing::Head { .. }, Framing::Between) => mark(Mark::End),
                _ => {}
            }
        }
    }

    /// Reads the first of `bytes`, which are not empty, and returns how many. Returns 0 if only the state has changed.
    fn read_part(&mut self, bytes: &[u8]) -> usize {
        let byte = bytes[0];
        match self {
            Framing::Http2 | Framing::Foreign => bytes.len(),
            Framing::Preface(seen) => {
                if PREFACE[usize::from(*seen)] != byte {
                    *self = Framing::Between;
                    return 0;
                }
                *seen += 1;
                if usize::from(*seen) == PREFACE.len() {
                    *self = Framing::Http2;
                }
                1
            }
            Framing::Between => {
                if !matches!(byte, b'\r' | b'\n') {
                    *self = Framing::Head { line: Line::Rest, is_chunked: false, length: 0 };
                }
                1
            }
            Framing::Head { line: Line::Start, is_chunked, length } if byte == b'\n' => {
                *self = match (*is_chunked, *length) {
                    (true, _) => Framing::Chunked { part: ChunkPart::Size, size: 0 },
                    (false, 0) => Framing::Between,
                    (false, length) => Framing::Length(length),
                };
                1
            }
            Framing::Head { line, is_chunked, length } => read_line(line, is_chunked, length, bytes),
            Framing::Length(left) => {
                let read = within(*left, bytes);
                *left -= read as u64;
                if *left == 0 {
                    *self = Framing::Between;
                }
                read
            }
            Framing::Chunked { part: ChunkPart::TrailerStart, .. } if byte == b'\n' => {
                *self = Framing::Between;
                1
            }
            Framing::Chunked { part, size } => read_chunk(part, size, bytes).unwrap_or_else(|| {
                *self = Framing::Foreign;
                1
            }),
        }
    }
}

/// Counts those of `bytes` that are among the next `left` ones.
fn within(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}

/// Reads a part of a line of a head, but not the end of the empty line.
fn read_line(line: &mut Line, is_chunked: &mut bool, length: &mut u64, bytes: &[u8]) -> usize {
    let byte = bytes[0];
    if byte == b'\n' {
        *line = Line::Start;
        return 1;
    }
    match line {
        Line::Start => match byte {
            b'\r' => {}
            b'c' | b'C' => *line = Line::ContentLength(1),
            b't' | b'T' => *line = Line::TransferEncoding(1),
            _ => *line = Line::Rest,
        },
        Line::ContentLength(seen) => match next_of(CONTENT_LENGTH, seen, byte) {
            Name::Goes => {}
            Name::Differs => *line = Line::Rest,
            // hyper refuses two lengths that differ.
            Name::Ends => (*line, *length) = (Line::Digits, 0),
        },
        Line::TransferEncoding(seen) => match next_of(TRANSFER_ENCODING, seen, byte) {
            Name::Goes => {}
            Name::Differs => *line = Line::Rest,
            Name::Ends => (*line, *is_chunked) = (Line::Rest, true),
        },
        Line::Digits => {
            if byte.is_ascii_digit() {
                *length = length.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            }
        }
        Line::Rest => return bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len()),
    }
    1
}

enum Name {
    Goes,
    Ends,
    Differs,
}

/// Compares the next byte of a header's name, and the colon after it.
fn next_of(name: &[u8], seen: &mut u8, byte: u8) -> Name {
    if name[usize::from(*seen)] != byte.to_ascii_lowercase() {
        return Name::Differs;
    }
    *seen += 1;
    if usize::from(*seen) == name.len() { Name::Ends } else { Name::Goes }
}

/// Reads a part of a chunked body, but not the end of its last line. `None` if a size is too large.
fn read_chunk(part: &mut ChunkPart, size: &mut u64, bytes: &[u8]) -> Option<usize> {
    let byte = bytes[0];
    match part {
        ChunkPart::Size => {
            let Some(digit) = char::from(byte).to_digit(16) else {
                *part = ChunkPart::Extension;
                return Some(0);
            };
            *size = size.checked_mul(16)? + u64::from(digit);
        }
        ChunkPart::Extension => {
            if byte == b'\n' {
                (*part, *size) = match *size {
                    0 => (ChunkPart::TrailerStart, 0),
                    size => (ChunkPart::Data, size.checked_add(LINE_BREAK)?),
                };
            }
        }
        ChunkPart::Data => {
            let read = within(*size, bytes);
            *size -= read as u64;
            if *size == 0 {
                *part = ChunkPart::Size;
            }
            return Some(read);
        }
        ChunkPart::TrailerStart => {
            if byte != b'\r' {
                *part = ChunkPart::Trailer;
            }
        }
        ChunkPart::Trailer => {
            if byte == b'\n' {
                *part = ChunkPart::TrailerStart;
            }
        }
    }
    Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `parts`, read one after the other, contain: the heads, and where the reading ends.
    fn read(parts: &[&[u8]]) -> (Vec<(Mark, usize)>, Framing) {
        let (mut framing, mut marks, mut before) = (Framing::NEW, Vec::new(), 0);
        for part in parts {
            framing.read(part, |mark, at| marks.push((mark, before + at)));
            before += part.len();
        }
        (marks, framing)
    }

    /// Whole requests, each with the length of its head.
    const REQUESTS: &[(&[u8], usize)] = &[
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27),
        // Lines without CR.
        (b"GET / HTTP/1.1\nHost: a\n\n", 24),
        (b"GET / HTTP/1.0\r\n\r\n", 18),
        // The absolute form, which a forward proxy receives, and the authority form.
        (b"GET http://10.0.0.12:8080/slow HTTP/1.1\r\nHost: a\r\n\r\n", 52),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 39),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 31),
        // Padding around a value.
        (b"GET / HTTP/1.1\r\nHost:                                a     \r\n\r\n", 63),
        // Names that begin as the two that matter do.
        (b"GET / HTTP/1.1\r\nContent-Type: a\r\nCookie: b\r\nTE: trailers\r\nContent-Lengths: 9\r\n\r\n", 80),
        (b"PRINT / HTTP/1.1\r\nHost: a\r\n\r\n", 29),
        (b"PRI * HTTP/1.1\r\nHost: a\r\n\r\n", 27),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 38),
        (b"POST / HTTP/1.1\r\ncontent-length:00005\r\n\r\nhello", 41),
        (b"POST / HTTP/1.1\r\nCONTENT-LENGTH:   5  \r\nContent-Length: 5\r\n\r\nhello", 61),
        (b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 38),
        // A body that looks like a request.
        (b"POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n", 39),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 47),
        (b"POST / HTTP/1.1\r\ntransfer-encoding:gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 52),
        // Extensions, an upper case size, a trailer, and data that looks like the last chunk.
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA;why=\"0\"\r\n0\r\n\r\n12345\r\n000 ;x\r\nT: x\r\n\r\n", 47),
        // hyper drops a length that comes with chunks.
        (b"POST / HTTP/1.1\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 67),
    ];

    #[test]
    fn a_request_ends_where_hyper_ends_it() {
        for &(request, head) in REQUESTS {
            let expected = (vec![(Mark::Begin, 0), (Mark::End, head)], Framing::Between);
            assert_eq!(read(&[request]), expected, "{}", String::from_utf8_lossy(request));
        }
    }

    #[test]
    fn the_end_is_found_wherever_the_reads_are_split() {
        for &(request, _) in REQUESTS {
            let (marks, _) = read(&[request]);
            let ends = marks.iter().filter(|(mark, _)| *mark == Mark::End);
            let ends: Vec<usize> = ends.map(|&(_, at)| at).collect();
            for first in 0..=request.len() {
                for second in first..=request.len() {
                    let parts = [&request[..first], &request[first..second], &request[second..]];
                    let (marks, framing) = read(&parts);
                    assert_eq!(framing, Framing::Between, "{}", String::from_utf8_lossy(request));
                    let split_ends = marks.iter().filter(|(mark, _)| *mark == Mark::End);
                    assert_eq!(split_ends.map(|&(_, at)| at).collect::<Vec<_>>(), ends);
                }
            }
        }
    }

    #[test]
    fn every_pair_of_requests_is_told_apart_with_empty_lines_between() {
        for &(first, head) in REQUESTS {
            for &(second, second_head) in REQUESTS {
                for between in [&b""[..], b"\r\n", b"\n\r\n"] {
                    let start = first.len() + between.len();
                    let expected = [
                        (Mark::Begin, 0),
                        (Mark::End, head),
                        (Mark::Begin, start),
                        (Mark::End, start + second_head),
                    ];
                    assert_eq!(
                        read(&[&[first, between, second].concat()]),
                        (expected.to_vec(), Framing::Between)
                    );
                }
            }
        }
    }

    #[test]
    fn a_part_of_a_request_is_a_part_of_a_head_or_misses_some_of_its_body() {
        for &(request, head) in REQUESTS {
            for length in 1..head {
                let (_, framing) = read(&[&request[..length]]);
                assert!(
                    framing.is_in_head(),
                    "{framing:?} after {}",
                    String::from_utf8_lossy(&request[..length])
                );
            }
            for length in head..request.len() {
                let (_, framing) = read(&[&request[..length]]);
                let missing = (request.len() - length) as u64;
                assert!(!framing.is_in_head());
                assert!(
                    [Missing::Bytes(missing), Missing::Chunks].contains(&framing.missing()),
                    "{framing:?}"
                );
            }
        }
        assert!(!Framing::NEW.is_in_head());
    }

    #[test]
    fn a_connection_is_http2_once_the_whole_preface_is_there() {
        for length in 1..PREFACE.len() {
            let (marks, framing) = read(&[&PREFACE[..length]]);
            assert!(marks.is_empty() && framing.is_in_head() && !framing.is_http2());
        }
        let (marks, framing) = read(&[PREFACE, b"\n\nGET / HTTP/1.1\r\n\r\n"]);
        assert!(marks.is_empty() && framing.is_http2() && !framing.is_in_head());
    }

    #[test]
    fn a_size_that_is_too_large_does_not_overflow() {
        let head = &b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
        for size in [&b"fffffffffffffffff"[..], b"ffffffffffffffff\r\n"] {
            assert_eq!(read(&[head, size]).1, Framing::Foreign);
        }
        let length = b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\nabc";
        assert_eq!(read(&[length]).1, Framing::Length(u64::MAX - 3));
    }
}
