//! Random requests. hyper accepts most of them, and says for each what it is.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Makes the bytes of a connection: several requests, of which a byte or two may be damaged.
pub(super) fn any_connection() -> impl Strategy<Value = Vec<u8>> {
    let damage = prop_oneof![3 => vec(any_damage(), 0..1), 1 => vec(any_damage(), 1..3)];
    (vec(any_request(), 1..6), damage).prop_map(|(requests, damage)| {
        let mut bytes = requests.concat();
        for (at, what) in damage {
            let at = at.index(bytes.len());
            match what {
                Damage::Other(byte) => bytes[at] = byte,
                Damage::Further(byte) => bytes.insert(at, byte),
                Damage::Missing => {
                    bytes.remove(at);
                    bytes.push(b'\n');
                }
            }
        }
        bytes
    })
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Other(u8),
    Further(u8),
    Missing,
}

fn any_damage() -> impl Strategy<Value = (Index, Damage)> {
    let byte = || prop_oneof![select(&b"\r\n :;,0159aAfFcCtT\t\0"[..]), any::<u8>()];
    let what =
        prop_oneof![byte().prop_map(Damage::Other), byte().prop_map(Damage::Further), Just(Damage::Missing)];
    (any::<Index>(), what)
}

fn line_break() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => Just(b"\r\n".to_vec()), 1 => Just(b"\n".to_vec())]
}

fn any_request() -> impl Strategy<Value = Vec<u8>> {
    let blank_lines = vec(line_break(), 0..3).prop_map(|lines| lines.concat());
    let fields = vec(any_field(), 0..8);
    let rest = (any::<bool>(), any_body(), fields, vec(line_break(), 24));
    (blank_lines, any_request_line(), rest).prop_map(
        |(blank_lines, line, (is_10, body, mut fields, breaks))| {
            let version = if is_10 && !body.is_chunked { "HTTP/1.0" } else { "HTTP/1.1" };
            if version == "HTTP/1.0" {
                fields.push(b"Connection: keep-alive".to_vec());
            }
            // The fields of the body stand between the others.
            let middle = fields.len() / 2;
            fields.splice(middle..middle, body.fields);
            let mut breaks = breaks.into_iter();
            let mut next_break = || breaks.next().unwrap_or_else(|| b"\r\n".to_vec());
            let mut request =
                [&blank_lines[..], line.as_bytes(), b" ", version.as_bytes(), &next_break()].concat();
            for field in fields {
                request.extend(field);
                request.extend(next_break());
            }
            request.extend(next_break());
            request.extend(body.bytes);
            request
        },
    )
}

fn any_request_line() -> impl Strategy<Value = String> {
    let method = select(
        &["GET", "POST", "PUT", "OPTIONS", "P", "PR", "PRI", "PRINT", "M-SEARCH", "get", "x!#$%&'*+.^_`|~9"]
            [..],
    );
    let target = prop_oneof![
        Just("/".to_owned()),
        Just("*".to_owned()),
        "/[a-z0-9/%?=&.-]{0,40}",
        "http://[a-z0-9]{1,9}(\\.[a-z]{2,3})?(:[0-9]{2,4})?/[a-z]{0,9}",
        "/[a-z]{300,600}",
    ];
    prop_oneof![
        9 => (method, target).prop_map(|(method, target)| format!("{method} {target}")),
        1 => "CONNECT [a-z]{1,9}:[0-9]{2,4}",
    ]
}

/// Mixes upper and lower case.
fn in_any_case(text: &'static str) -> impl Strategy<Value = String> {
    vec(any::<bool>(), text.len()).prop_map(move |upper| {
        let change =
            |(c, upper): (char, bool)| if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        text.chars().zip(upper).map(change).collect()
    })
}

fn padding() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(" ".to_owned()), "[ \t]{0,40}"]
}

fn any_field() -> impl Strategy<Value = Vec<u8>> {
    let padded = |name: &'static str, value: BoxedStrategy<Vec<u8>>| {
        (in_any_case(name), padding(), value, padding()).prop_map(|(name, before, value, after)| {
            [format!("{name}:{before}").into_bytes(), value, after.into_bytes()].concat()
        })
    };
    let text = |text: &'static str| Just(text.as_bytes().to_vec()).boxed();
    let visible = || prop_oneof![0x21..=0x7e_u8, 0x80..=0xff_u8];
    let kept = prop_oneof![
        padded("host", text("a")),
        // Names and values that look like those that matter.
        padded("content-lengths", text("7")),
        padded("content-lengt", text("7")),
        padded("xcontent-length", text("7")),
        padded("transfer-encodings", text("chunked")),
        padded("te", text("trailers, transfer-encoding: chunked")),
        padded("cookie", text("content-length: 9; transfer-encoding: chunked")),
        padded("x-empty", text("")),
        padded("x-any", vec(visible(), 1..30).boxed()),
        padded("x-long", vec(visible(), 200..400).boxed()),
        padded("expect", text("100-continue")),
        padded("upgrade", text("h2c")),
        padded("connection", text("upgrade")),
    ];
    // The last two end the connection. hyper refuses a folded field (RFC 9112, section 5.2).
    prop_oneof![
        40 => kept,
        1 => padded("connection", text("close")),
        1 => Just(b"X-Folded: a\r\n b".to_vec()),
    ]
}

#[derive(Clone, Debug)]
struct Body {
    is_chunked: bool,
    fields: Vec<Vec<u8>>,
    bytes: Vec<u8>,
}

fn any_body() -> impl Strategy<Value = Body> {
    let none = Just(Body { is_chunked: false, fields: vec![], bytes: vec![] });
    prop_oneof![2 => none, 3 => any_body_of_a_length(), 3 => any_chunked_body()]
}

/// Data that is random, or looks like what is around it.
fn any_data(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let alike = select(
        &["\r\n\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\n\n", "Content-Length: 5\r\n\r\n", "\r", "\n"]
            [..],
    );
    prop_oneof![vec(any::<u8>(), 0..most), vec(alike, 0..3).prop_map(|parts| parts.concat().into_bytes())]
}

fn any_body_of_a_length() -> impl Strategy<Value = Body> {
    let field = (in_any_case("content-length"), padding(), 0..5_usize, padding());
    (any_data(60), vec(field, 1..3)).prop_map(|(bytes, fields)| {
        let length = bytes.len().to_string();
        let field = |(name, before, zeros, after): (String, String, usize, String)| {
            format!("{name}:{before}{}{length}{after}", "0".repeat(zeros)).into_bytes()
        };
        Body { is_chunked: false, fields: fields.into_iter().map(field).collect(), bytes }
    })
}

fn any_chunked_body() -> impl Strategy<Value = Body> {
    let encoding = select(&["chunked", "Chunked", "gzip, chunked", "gzip,chunked", ", chunked"][..]);
    let field = (in_any_case("transfer-encoding"), padding(), encoding, padding())
        .prop_map(|(name, before, value, after)| format!("{name}:{before}{value}{after}").into_bytes());
    let length = prop_oneof![4 => Just(None), 1 => (0..999_u32, any::<bool>()).prop_map(Some)];
    let chunks = vec((any_data(40), any_extension(), any::<bool>(), 0..3_usize), 0..4);
    let last = ("0{1,4}", any_extension());
    let trailers = vec(any_trailer(), 0..3);
    (field, length, chunks, last, trailers).prop_map(|(field, length, chunks, last, trailers)| {
        let mut fields = vec![field];
        if let Some((length, is_first)) = length {
            fields.insert(usize::from(!is_first), format!("Content-Length: {length}").into_bytes());
        }
        let mut bytes = Vec::new();
        for (data, extension, is_upper, zeros) in chunks.into_iter().filter(|(data, ..)| !data.is_empty()) {
            let size = if is_upper { format!("{:X}", data.len()) } else { format!("{:x}", data.len()) };
            bytes.extend(format!("{}{size}{extension}\r\n", "0".repeat(zeros)).into_bytes());
            bytes.extend(data);
            bytes.extend(b"\r\n");
        }
        bytes.extend(format!("{}{}\r\n", last.0, last.1).into_bytes());
        for trailer in trailers {
            bytes.extend(format!("{trailer}\r\n").into_bytes());
        }
        bytes.extend(b"\r\n");
        Body { is_chunked: true, fields, bytes }
    })
}

fn any_extension() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[ \t]{0,2}(;[ ]?[a-z0-9]{1,5}(=(\"[a-f0-9 ;:]{0,6}\"|[0-9a-f]{1,4}))?){1,3}"]
}

fn any_trailer() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z-]{1,9}: [a-z0-9 ]{0,20}",
        Just("Content-Length: 5".to_owned()),
        Just("0: 0".to_owned())
    ]
}
