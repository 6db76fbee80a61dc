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

use memchr::memchr;

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
    /// The trailer, at the start of a line. hyper ends its lines, unlike those of a head, only with CR LF.
    TrailerStart,
    /// The trailer, within a line.
    Trailer,
    /// The trailer, after the CR of a line.
    TrailerLf,
    /// The trailer, after the CR of the empty line.
    LastLf,
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
            Framing::Head { line, is_chunked, length } => read_lines(line, is_chunked, length, bytes),
            Framing::Length(left) => {
                let read = within(*left, bytes);
                *left -= read as u64;
                if *left == 0 {
                    *self = Framing::Between;
                }
                read
            }
            Framing::Chunked { part: ChunkPart::LastLf, .. } if byte == b'\n' => {
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

/// Reads the lines of a head, but not the end of the empty line.
fn read_lines(place: &mut Line, is_chunked: &mut bool, length: &mut u64, bytes: &[u8]) -> usize {
    let (mut line, mut at) = (*place, 0);
    while let Some(&byte) = bytes.get(at) {
        line = match (line, byte) {
            (Line::Start, b'\n') => break,
            (_, b'\n') | (Line::Start, b'\r') => Line::Start,
            (Line::Start, b'c' | b'C') => Line::ContentLength(1),
            (Line::Start, b't' | b'T') => Line::TransferEncoding(1),
            (Line::ContentLength(seen), _) => match next_of(CONTENT_LENGTH, seen, byte) {
                Name::Goes(seen) => Line::ContentLength(seen),
                Name::Differs => Line::Rest,
                Name::Ends => {
                    // hyper refuses two lengths that differ.
                    *length = 0;
                    Line::Digits
                }
            },
            (Line::TransferEncoding(seen), _) => match next_of(TRANSFER_ENCODING, seen, byte) {
                Name::Goes(seen) => Line::TransferEncoding(seen),
                Name::Differs => Line::Rest,
                Name::Ends => {
                    *is_chunked = true;
                    Line::Rest
                }
            },
            (Line::Digits, _) => {
                if byte.is_ascii_digit() {
                    *length = length.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                }
                Line::Digits
            }
            (Line::Start | Line::Rest, _) => {
                let Some(rest) = memchr(b'\n', &bytes[at..]) else {
                    *place = Line::Rest;
                    return bytes.len();
                };
                at += rest;
                Line::Start
            }
        };
        at += 1;
    }
    *place = line;
    at
}

enum Name {
    /// This number of bytes is as in the name.
    Goes(u8),
    Ends,
    Differs,
}

/// Compares the next byte of a header's name, and the colon after it.
fn next_of(name: &[u8], seen: u8, byte: u8) -> Name {
    let at = usize::from(seen);
    match name[at] == byte.to_ascii_lowercase() {
        false => Name::Differs,
        true if at + 1 == name.len() => Name::Ends,
        true => Name::Goes(seen + 1),
    }
}

/// Reads a part of a chunked body, but not the end of its last line. `None` if hyper
/// refuses it.
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
            *part = if byte == b'\r' { ChunkPart::LastLf } else { ChunkPart::Trailer };
        }
        ChunkPart::Trailer => {
            if byte == b'\r' {
                *part = ChunkPart::TrailerLf;
            }
        }
        ChunkPart::TrailerLf => *part = ChunkPart::TrailerStart,
        // hyper refuses a CR alone.
        ChunkPart::LastLf => return None,
    }
    Some(1)
}

#[cfg(test)]
mod tests;
