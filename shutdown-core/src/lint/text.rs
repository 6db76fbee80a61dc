//! The text of a compile error, which a constant has to build byte by byte.

const LENGTH_BYTES: usize = 2_048;

/// A text that grows in a constant. A text that is too long ends with the last piece that fits.
pub(super) struct Text {
    bytes: [u8; LENGTH_BYTES],
    length: usize,
    is_full: bool,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; LENGTH_BYTES], length: 0, is_full: false }
    }

    /// Appends a piece, whole or not at all: half a character would not be text.
    pub(super) const fn add(&mut self, piece: &str) -> &mut Self {
        let piece = piece.as_bytes();
        self.is_full |= piece.len() > LENGTH_BYTES - self.length;
        if !self.is_full {
            let mut at = 0;
            while at < piece.len() {
                self.bytes[self.length] = piece[at];
                self.length += 1;
                at += 1;
            }
        }
        self
    }

    /// Appends several pieces.
    pub(super) const fn add_all(&mut self, pieces: &[&str]) -> &mut Self {
        let mut at = 0;
        while at < pieces.len() {
            self.add(pieces[at]);
            at += 1;
        }
        self
    }

    /// Appends a number.
    pub(super) const fn number(&mut self, number: i32) -> &mut Self {
        if number < 0 {
            self.add("-");
        }
        let mut rest = number.unsigned_abs();
        let mut digits = [0; 10];
        let mut first = digits.len();
        while first == digits.len() || rest > 0 {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.add(valid(digits.split_at(first).1))
    }

    pub(super) const fn as_str(&self) -> &str {
        valid(self.bytes.split_at(self.length).0)
    }
}

const fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("only whole pieces of text are added"),
    }
}

#[cfg(test)]
mod tests {
    use super::{LENGTH_BYTES, Text};

    #[test]
    fn a_number_of_any_size_is_written() {
        for number in [0, 7, -1, 1_234_567_890, i32::MIN, i32::MAX] {
            assert_eq!(Text::new().number(number).as_str(), number.to_string());
        }
    }

    #[test]
    fn a_text_that_is_too_long_ends_with_a_whole_piece() {
        let mut text = Text::new();
        for _ in 0..LENGTH_BYTES {
            text.add("äö");
        }
        text.add("!");
        assert_eq!(text.as_str(), "äö".repeat(LENGTH_BYTES / 4));
        let mut text = Text::new();
        text.add(&"x".repeat(LENGTH_BYTES - 1)).add("äö").add("!");
        assert_eq!(text.as_str().len(), LENGTH_BYTES - 1, "nothing follows a gap");
    }
}
