//! One answer of HTTP/1.1, byte for byte as it came.

use std::io::Read;

use crate::outcome::Outcome;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head, in lower case.
    pub head: String,
    /// Its body, without the chunks' frames.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether it has this line in its head.
    pub fn has(&self, line: &str) -> bool {
        self.head.lines().any(|known| known == line)
    }

    /// Whether it says that it is the last one.
    pub fn is_last(&self) -> bool {
        self.has("connection: close")
    }

    /// What a client that counts makes of it.
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

/// Reads answers, and keeps what came too early.
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

    /// The next answer; or what became of the request instead.
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

    /// The next answer's head.
    pub(crate) fn head(&mut self) -> Result<Answer, Outcome> {
        let head = self.until(b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("this is no answer: {head}"));
        Ok(Answer { status, head, body: Vec::new() })
    }

    /// The next chunk of a body; `None` behind the last one.
    pub(crate) fn chunk(&mut self) -> Result<Option<Vec<u8>>, Outcome> {
        let line = self.until(b"\r\n")?;
        let length = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16);
        let length = length.unwrap_or_else(|_| panic!("this is no chunk: {line:?}"));
        let mut chunk = self.take(length + 2)?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<Vec<u8>, Outcome> {
        while self.early.len() < length {
            self.some_more()?;
        }
        Ok(self.early.drain(..length).collect())
    }

    /// Reads what comes, up to the end: how many bytes that was.
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
            // How a TLS client says that the end came without a farewell.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Outcome::CutShort),
            Err(error) => Err(Outcome::of(&error)),
        }
    }
}
