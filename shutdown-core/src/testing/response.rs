//! One HTTP/1.1 response, and the reader that parses it.

use std::io::Read;

use super::outcome::Outcome;

/// An HTTP/1.1 response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The head in lower case.
    pub head: String,
    /// The body without the framing of its chunks.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns whether the head has `line`, which is in lower case.
    pub fn has(&self, line: &str) -> bool {
        self.head.lines().any(|known| known == line)
    }

    /// Returns the value of a header whose name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    }

    /// Returns whether the response announces that it is the last one on its connection.
    pub fn is_last(&self) -> bool {
        self.header("connection") == Some("close")
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the outcome that a client counts for this response.
    pub fn outcome(&self) -> Outcome {
        match self.status {
            200..300 if self.is_last() => Outcome::AnsweredLast,
            200..300 => Outcome::Answered,
            503 if self.header("retry-after").is_some() => Outcome::Unavailable,
            other => Outcome::Status(other),
        }
    }
}

/// Reads responses, and keeps bytes that arrived too early.
#[derive(Debug)]
pub(super) struct Reader<R> {
    io: R,
    early: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(io: R) -> Reader<R> {
        Reader { io, early: Vec::new() }
    }

    pub(super) fn io(&mut self) -> &mut R {
        &mut self.io
    }

    /// Reads the next response. Returns the outcome of the request if no response arrives.
    pub(super) fn response(&mut self) -> Result<Response, Outcome> {
        let mut response = self.head()?;
        if matches!(response.status, 101 | 204 | 304) {
            return Ok(response);
        }
        if response.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk()? {
                response.body.extend(chunk);
            }
        } else if let Some(length) = response.header("content-length") {
            let length = length.parse().map_err(|_| Outcome::Wrong)?;
            response.body = self.take(length)?;
        } else {
            while self.more()? > 0 {}
            response.body = std::mem::take(&mut self.early);
        }
        Ok(response)
    }

    /// Reads the head of the next response.
    pub(super) fn head(&mut self) -> Result<Response, Outcome> {
        let head = self.until(b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let status = head.strip_prefix("http/").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or(Outcome::Wrong)?;
        Ok(Response { status, head, body: Vec::new() })
    }

    /// Reads the next chunk of a body. Returns `None` after the last chunk.
    pub(super) fn chunk(&mut self) -> Result<Option<Vec<u8>>, Outcome> {
        let line = self.until(b"\r\n").map_err(in_body)?;
        let length = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16);
        let length = length.map_err(|_| Outcome::Wrong)?;
        let mut chunk = self.take(length + 2)?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }

    /// Reads the next `length` bytes of a body.
    pub(super) fn take(&mut self, length: usize) -> Result<Vec<u8>, Outcome> {
        self.first(length).map_err(in_body)
    }

    /// Reads the first `length` bytes of an answer.
    pub(super) fn first(&mut self, length: usize) -> Result<Vec<u8>, Outcome> {
        while self.early.len() < length {
            self.some_more()?;
        }
        Ok(self.early.drain(..length).collect())
    }

    /// Reads to the end of the stream, and returns the number of bytes.
    pub(super) fn read_to_end(&mut self) -> Result<usize, Outcome> {
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
        match self.more() {
            Ok(0) if self.early.is_empty() => Err(Outcome::Empty),
            Ok(0) => Err(Outcome::Cut),
            Ok(_) => Ok(()),
            Err(outcome) => Err(outcome),
        }
    }

    fn more(&mut self) -> Result<usize, Outcome> {
        let mut space = [0; 16 * 1024];
        let length = self.io.read(&mut space).map_err(|error| Outcome::of(&error))?;
        self.early.extend_from_slice(&space[..length]);
        Ok(length)
    }
}

/// Returns the outcome of a connection that ends after the head of a response.
fn in_body(outcome: Outcome) -> Outcome {
    if outcome == Outcome::Empty { Outcome::Cut } else { outcome }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Reader};

    /// Returns the outcome and the body of the response in `bytes`.
    fn read(bytes: &str) -> (Outcome, String) {
        let response = Reader::new(bytes.as_bytes()).response();
        response
            .map_or_else(|outcome| (outcome, String::new()), |response| (response.outcome(), response.text()))
    }

    #[test]
    fn each_end_of_a_response_has_its_outcome() {
        for (bytes, outcome, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokrest", Outcome::Answered, "ok"),
            ("HTTP/1.1 201 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", Outcome::AnsweredLast, ""),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                Outcome::Answered,
                "ok",
            ),
            ("HTTP/1.0 200 OK\r\n\r\nto the end", Outcome::Answered, "to the end"),
            ("HTTP/1.1 204 No Content\r\n\r\n", Outcome::Answered, ""),
            ("HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", Outcome::Unavailable, ""),
            ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", Outcome::Status(503), ""),
            ("", Outcome::Empty, ""),
            ("HTTP/1.1 200 OK\r\nCon", Outcome::Cut, ""),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", Outcome::Cut, ""),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", Outcome::Cut, ""),
            ("SSH-2.0 200\r\n\r\n", Outcome::Wrong, ""),
            ("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", Outcome::Wrong, ""),
        ] {
            assert_eq!(read(bytes), (outcome, body.to_owned()), "{bytes}");
        }
    }
}
