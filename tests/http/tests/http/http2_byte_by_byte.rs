//! The signal falls into the first HTTP/2 request at each byte: in the preface, the settings and the head.

use std::thread::sleep;
use std::time::Duration;

use lifecycle_http_tests::{Client, Fixture, Program, program, start};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

const END_STREAM_AND_HEADERS: u8 = 5;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a small frame");
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Builds the preface, the settings, and a GET for `/`.
fn get() -> Vec<u8> {
    // HPACK's static table (RFC 7541, appendix A) holds `:method: GET`, `:scheme: http` and `:path: /`.
    // `:authority` follows with a value of 4 bytes.
    let head = [&[0x82, 0x86, 0x84, 0x41, 4], &b"test"[..]].concat();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    [preface, frame(SETTINGS, 0, 0, &[]), frame(HEADERS, END_STREAM_AND_HEADERS, 1, &head)].concat()
}

/// Reads the kind and the payload of the next frame.
#[track_caller]
fn next(client: &mut Client) -> (u8, Vec<u8>) {
    let head = client.bytes(9);
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    (head[3], client.bytes(length))
}

/// Begins the drain after the server has read the first `before` bytes.
#[track_caller]
fn is_answered(program: Program, before: usize) {
    let mut server = start(program);
    let mut client = server.connect();
    let request = get();
    client.send(&request[..before]);
    // The server has read these bytes when it answers a later connection.
    server.connect_and_use();
    server.terminate_and_drain();
    for byte in &request[before..] {
        client.send(std::slice::from_ref(byte));
        // The pause puts each byte into a separate packet.
        sleep(Duration::from_millis(1));
    }
    let mut refused_from = u32::MAX;
    loop {
        match next(&mut client) {
            // `:status: 200` in HPACK's static table.
            (HEADERS, head) => assert_eq!(head[0], 0x88),
            (DATA, body) => {
                assert_eq!(body, b"hello");
                break;
            }
            (GOAWAY, payload) => {
                refused_from = u32::from_be_bytes(payload[..4].try_into().expect("four bytes"));
            }
            _ => {}
        }
    }
    assert!(refused_from > 0, "it was refused, and answered");
    drop(client);
    server.stopped().exited(0).not_reported("note:");
}

#[test]
fn a_first_request_byte_by_byte_across_the_signal_is_answered() {
    // The positions are in the first 3 bytes (which identify HTTP/2), in the rest of the preface, in the
    // settings, and in the head.
    for before in [1, 2, 4, 20, 24, 30, 33, 40] {
        is_answered(program!("http_multi", "http idle=0"), before);
        is_answered(program!("http_current", "http idle=0"), before);
    }
}
