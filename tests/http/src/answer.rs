//! One HTTP/1.1 response, and the reader that parses it.

use std::io::Read;

use crate::outcome::Outcome;

/// An HTTP/1.1 response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head in lower case.
    pub head: String,
    /// The body without the framing of its chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns whether the head contains `line`.
    pub fn has(&self, line: &str) -> bool {
        self.head.lines().any(|known| known == line)
    }

    /// Returns whether the response announces that it is the last one on its connection.
    pub fn is_last(&self) -> bool {
        self.has("connection: close")
    }

    /// Returns the outcome that a counting client records for this response.
    pub fn outcome(&self) -> Outcome {
        match self.status {
            200 if self.is_last() => Outcome::AnsweredLast,
            200 => Outcome::Answered,
            503 if self.is_last() && self.has("retry-after: 1") => Outcome::Refused,
            other => Outcome::Other(other),
        }
    }

    fn length(&self) -> Option<usize> {
        self.head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
    }
}

/// Reads responses, and keeps bytes that arrived too early.
pub(crate) struct Reader<R> {
    io: R,
    early: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(io: R) -> Reader<R> {
        Reader { io, early: Vec::new() }
    }

    pub(crate) fn io(&mut self) -> &mut R {
        &mut self.io
    }

    /// Reads the next response. Returns the outcome of the request if no response arrives.
    pub(crate) fn answer(&mut self) -> Result<Answer, Outcome> {
        let mut answer = self.head()?;
        if answer.status == 101 {
            return Ok(answer);
        }
        if answer.has("transfer-encoding: chunked") {
            while let Some(chunk) = self.chunk()? {
                answer.body.extend(chunk);
            }
        } else if let Some(length) = answer.length() {
            answer.body = self.take(length)?;
        } else {
            while self.more()? > 0 {}
            answer.body = std::mem::take(&mut self.early);
        }
        Ok(answer)
    }

    /// Reads the head of the next response.
    pub(crate) fn head(&mut self) -> Result<Answer, Outcome> {
        let head = self.until(b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("this is no answer: {head}"));
        Ok(Answer { status, head, body: Vec::new() })
    }

    /// Reads the next chunk of a body. Returns `None` after the last chunk.
    pub(crate) fn chunk(&mut self) -> Result<Option<Vec<u8>>, Outcome> {
        let line = self.until(b"\r\n")?;
        let length = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16);
        let length = length.unwrap_or_else(|_| panic!("this is no chunk: {line:?}"));
        let mut chunk = self.take(length + 2)?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }

    /// Reads the next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<Vec<u8>, Outcome> {
        while self.early.len() < length {
            self.some_more()?;
        }
        Ok(self.early.drain(..length).collect())
    }

    /// Reads to the end of the stream, and returns the number of bytes.
    pub(crate) fn read_to_end(&mut self) -> Result<usize, Outcome> {
        let mut length = 0;
        loop {
            length += std::mem::take(&mut self.early).len();
            if self.more()? == 0 {
                return Ok(length);
            }
        }
    }

    fn until(&mut self, end: &[u8]) -> Result<Vec<u8>, Outcome> {
        loop {
            if let Some(at) = self.early.windows(end.len()).position(|part| part == end) {
                return Ok(self.early.drain(..at + end.len()).collect());
            }
            self.some_more()?;
        }
    }

    fn some_more(&mut self) -> Result<(), Outcome> {
        match self.more()? {
            0 if self.early.is_empty() => Err(Outcome::Empty),
            0 => Err(Outcome::CutShort),
            _ => Ok(()),
        }
    }

    fn more(&mut self) -> Result<usize, Outcome> {
        let mut space = [0; 16 * 1024];
        match self.io.read(&mut space) {
            Ok(length) => {
                self.early.extend_from_slice(&space[..length]);
                Ok(length)
            }
            // rustls returns this error if the connection ends without `close_notify`.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Outcome::CutShort),
            Err(error) => Err(Outcome::of(&error)),
        }
    }
}
