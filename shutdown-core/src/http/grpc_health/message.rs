//! The two messages of the health check, in protobuf's
//! [encoding](https://protobuf.dev/programming-guides/encoding).

use http_body::Frame;
use hyper::body::Bytes;

use super::Refusal;
use crate::edge::readiness::Health;

/// The state of a service. The numbers are those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Serving = 1,
    NotServing = 2,
    /// `Watch` says it of a service that nobody knows.
    ServiceUnknown = 3,
}

/// The tag of the only field of a `HealthCheckResponse`: number 1, a varint.
const STATUS: u8 = 0x08;
/// The length of the head of a frame: a flag for compression, and the length of the message.
const HEAD_BYTES: usize = 5;

impl State {
    pub(super) fn of(health: &Health) -> State {
        if health.is_ready() { State::Serving } else { State::NotServing }
    }

    /// Returns the frame of a `HealthCheckResponse`.
    pub(super) fn frame(self) -> Frame<Bytes> {
        let message = [STATUS, self as u8];
        Frame::data(Bytes::copy_from_slice(&[0, 0, 0, 0, 2, message[0], message[1]]))
    }
}

/// Reads the name in a request, which is one frame with a `HealthCheckRequest`.
pub(super) fn requested_service(body: &[u8]) -> Result<String, Refusal> {
    let (head, message) = body.split_at_checked(HEAD_BYTES).ok_or(Refusal::MALFORMED)?;
    if head[0] != 0 {
        return Err(Refusal::COMPRESSED);
    }
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    if usize::try_from(length) != Ok(message.len()) {
        return Err(Refusal::MALFORMED);
    }
    service(message).ok_or(Refusal::MALFORMED)
}

/// Reads the field 1, a string. The last one counts, and other fields are skipped, as protobuf has it.
fn service(mut message: &[u8]) -> Option<String> {
    let mut service = String::new();
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let length = match tag & 7 {
            0 => {
                varint(&mut message)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut message)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (field, rest) = message.split_at_checked(length)?;
        message = rest;
        if tag == 0x0a {
            std::str::from_utf8(field).ok()?.clone_into(&mut service);
        }
    }
    Some(service)
}

/// Reads a number of 7 bits in each byte, the lowest first.
fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], &length[..], message].concat()
    }

    fn named(message: &[u8]) -> Result<String, Refusal> {
        requested_service(&framed(message))
    }

    #[test]
    fn the_name_is_the_field_1_and_other_fields_are_skipped() {
        assert_eq!(named(b""), Ok(String::new()));
        assert_eq!(named(b"\x0a\x03abc"), Ok("abc".to_owned()));
        assert_eq!(named(b"\x0a\x03abc\x0a\x01d"), Ok("d".to_owned()));
        // A varint of two bytes, 8 bytes, a string, and 4 bytes, as fields 2 to 5.
        let others = b"\x10\x80\x01\x19\x01\x02\x03\x04\x05\x06\x07\x08\x22\x02zz\x2d\x01\x02\x03\x04";
        assert_eq!(named(&[&others[..], b"\x0a\x01a"].concat()), Ok("a".to_owned()));
        let long = "s".repeat(300);
        assert_eq!(named(&[b"\x0a\xac\x02", long.as_bytes()].concat()), Ok(long));
    }

    #[test]
    fn a_request_that_is_not_one_is_refused() {
        for message in [
            &b"\x0a"[..],                                    // no length
            b"\x0a\x03ab",                                   // too short
            b"\x0a\x01\xff",                                 // not UTF-8
            b"\x0b",                                         // a group
            b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", // a number of 77 bits
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01", // longer than the memory
        ] {
            assert_eq!(named(message), Err(Refusal::MALFORMED), "{message:?}");
        }
        let whole = framed(b"\x0a\x03abc");
        for length in 0..whole.len() {
            assert_eq!(requested_service(&whole[..length]), Err(Refusal::MALFORMED), "{length}");
        }
        assert_eq!(requested_service(&[&whole[..], &[0]].concat()), Err(Refusal::MALFORMED));
        assert_eq!(requested_service(&[&[1], &whole[1..]].concat()), Err(Refusal::COMPRESSED));
    }
}
