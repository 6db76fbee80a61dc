//! Tables of requests, and random requests against the view of hyper.

mod against_hyper;
mod any_request;
mod hyper_view;

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
            assert!([Missing::Bytes(missing), Missing::Chunks].contains(&framing.missing()), "{framing:?}");
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
