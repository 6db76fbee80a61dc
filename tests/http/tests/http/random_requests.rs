//! Random requests of every legal form, in random pieces, against a real server: each one is answered, the last response on
//! a connection says `close`, and an idle connection ends at once (R18).
//!
//! The framing itself is compared with hyper's in the unit tests of `http/framing`.

use std::thread::sleep;
use std::time::Duration;

use lifecycle_http_tests::{Client, Clients, Fixture, Response, servers, soak};
use lifecycle_process_tests::Random;

fn count(usual: usize) -> usize {
    if soak() { usual * 30 } else { usual }
}

/// The bytes of a request, and the body of its response.
struct Request {
    bytes: Vec<u8>,
    expected: Vec<u8>,
}

fn one_of<'a>(random: &mut Random, these: &[&'a str]) -> &'a str {
    these[usize::try_from(random.below(these.len() as u64)).expect("small")]
}

fn number(random: &mut Random, end: u64) -> usize {
    usize::try_from(random.below(end)).expect("small")
}

fn in_any_case(random: &mut Random, name: &str) -> String {
    name.chars()
        .map(|c| if random.below(2) == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}

fn padding(random: &mut Random) -> String {
    let most = [1, 2, 60][number(random, 3)];
    (0..random.below(most)).map(|_| if random.below(2) == 0 { ' ' } else { '\t' }).collect()
}

fn field(random: &mut Random, name: &str, value: &str) -> String {
    let name = in_any_case(random, name);
    format!("{name}:{}{value}{}", padding(random), padding(random))
}

fn data(random: &mut Random) -> Vec<u8> {
    let alike = ["\r\n\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\n", "Content-Length: 5\r\n", "x"];
    (0..random.below(12)).flat_map(|_| one_of(random, &alike).as_bytes().to_vec()).collect()
}

fn chunked(random: &mut Random, body: &[u8]) -> Vec<u8> {
    let extension =
        |random: &mut Random| one_of(random, &["", "", ";why", ";a=b;c=\"0 ;\"", " ; x=1"]).to_owned();
    let mut chunks = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, others) = rest.split_at(number(random, rest.len() as u64) + 1);
        let size =
            if random.below(2) == 0 { format!("{:x}", chunk.len()) } else { format!("0{:X}", chunk.len()) };
        chunks.extend(format!("{size}{}\r\n", extension(random)).into_bytes());
        chunks.extend([chunk, b"\r\n"].concat());
        rest = others;
    }
    let trailer = one_of(random, &["", "", "Trailer: x\r\n", "Content-Length: 5\r\n0: 0\r\n"]);
    chunks.extend(
        format!("{}{}\r\n{trailer}\r\n", one_of(random, &["0", "000"]), extension(random)).into_bytes(),
    );
    chunks
}

impl Request {
    fn any(random: &mut Random) -> Request {
        let mut fields = vec![field(random, "host", "test")];
        for _ in 0..random.below(6) {
            let (name, value) = [
                ("content-lengths", "7"),
                ("x-transfer-encoding", "chunked"),
                ("cookie", "content-length: 9; transfer-encoding: chunked"),
                ("te", "trailers"),
                ("x-empty", ""),
                ("x-bytes", "\u{e9}\u{ff}"),
                ("proxy-connection", "keep-alive"),
                ("upgrade", "h2c"),
            ][number(random, 8)];
            fields.push(field(random, name, value));
        }
        for at in 0..[0, 0, 0, 40][number(random, 4)] {
            fields.push(format!("X-{at}: {}", "v".repeat(number(random, 200))));
        }
        let mut version = one_of(random, &["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]);
        let origin = one_of(random, &["", "", "http://10.0.0.12:8080", "HTTP://test"]);
        let (mut method, mut target, mut body, mut expected) =
            ("GET", "/named/name".to_owned(), vec![], b"name".to_vec());
        match random.below(4) {
            0 => {}
            1 => {
                target = format!("/named/name?{}", "q".repeat(number(random, 800)));
            }
            2 => {
                (method, target, expected) = ("POST", "/echo".to_owned(), data(random));
                body.clone_from(&expected);
                let length = format!("{}{}", "0".repeat(number(random, 4)), body.len());
                for _ in 0..=random.below(2) {
                    fields.push(field(random, "content-length", &length));
                }
            }
            _ => {
                version = "HTTP/1.1";
                (method, target, expected) = ("POST", "/echo".to_owned(), data(random));
                body = chunked(random, &expected);
                // hyper closes the connection after a request with a length and chunks (RFC 9112, section 6.1).
                let coding = one_of(random, &["chunked", "Chunked", "CHUNKED"]);
                fields.push(field(random, "transfer-encoding", coding));
            }
        }
        if version == "HTTP/1.0" {
            let wish = one_of(random, &["keep-alive", "Keep-Alive"]);
            fields.push(field(random, "connection", wish));
        }
        let mut bytes: Vec<u8> =
            (0..random.below(3)).flat_map(|_| one_of(random, &["\r\n", "\n"]).bytes()).collect();
        bytes.extend(format!("{method} {origin}{target} {version}").into_bytes());
        for field in fields.iter().map(String::as_str).chain(["", ""]) {
            bytes.extend(one_of(random, &["\r\n", "\r\n", "\r\n", "\n"]).bytes());
            // The last turn writes only the line break of the empty line.
            bytes.extend(field.bytes());
        }
        bytes.extend(body);
        Request { bytes, expected }
    }

    #[track_caller]
    fn is_answered_by(&self, answer: &Response) {
        assert_eq!((answer.status, &answer.body), (200, &self.expected), "{}", self.bytes.escape_ascii());
    }
}

/// Sends `bytes` in random pieces.
#[track_caller]
fn send_in_pieces(random: &mut Random, client: &mut Client, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let most = [bytes.len() as u64, 40, 3][number(random, 3)].min(bytes.len() as u64);
        let (piece, rest) = bytes.split_at(number(random, most) + 1);
        client.send(piece);
        if random.below(4) == 0 {
            // The pause puts the pieces into separate packets.
            sleep(Duration::from_micros(300));
        }
        bytes = rest;
    }
}

#[test]
fn a_random_request_in_pieces_hears_close_in_the_lame_duck() {
    let mut random = Random::new();
    for mut server in servers!("http", |program| program.lame_duck("900s").grace("1000s")) {
        server.terminate_and_stop();
        for _ in 0..count(60) {
            let request = Request::any(&mut random);
            let mut client = server.connect();
            send_in_pieces(&mut random, &mut client, &request.bytes);
            let answer = client.response();
            request.is_answered_by(&answer);
            assert!(answer.is_last(), "not told to close: {}", request.bytes.escape_ascii());
            client.closed();
        }
    }
}

#[test]
fn random_requests_that_are_pipelined_are_answered_and_the_last_one_hears_close() {
    let mut random = Random::new();
    for mut server in servers!("http", |program| program.lame_duck("900s").grace("1000s")) {
        server.terminate_and_stop();
        for _ in 0..count(40) {
            let requests: Vec<_> = (0..=random.below(6)).map(|_| Request::any(&mut random)).collect();
            let mut client = server.connect();
            let bytes: Vec<u8> = requests.iter().flat_map(|request| request.bytes.clone()).collect();
            client.send(&bytes);
            for (at, request) in requests.iter().enumerate() {
                let answer = client.response();
                request.is_answered_by(&answer);
                assert_eq!(answer.is_last(), at + 1 == requests.len(), "{at} of {}", bytes.escape_ascii());
            }
            client.closed();
        }
    }
}

/// Each client has sent some requests before the signal, and the kernel holds the rest or a part of it.
#[test]
fn random_requests_that_the_stop_falls_into_are_answered() {
    let mut random = Random::new();
    for _ in 0..count(2) {
        for mut server in servers!("http idle=0") {
            let mut clients: Vec<_> = (0..30)
                .map(|_| {
                    let mut client = server.connect();
                    for _ in 0..random.below(2) {
                        let request = Request::any(&mut random);
                        client.send(&request.bytes);
                        request.is_answered_by(&client.response());
                    }
                    (client, (0..=random.below(4)).map(|_| Request::any(&mut random)).collect::<Vec<_>>())
                })
                .collect();
            server.freeze();
            let mut rest = Vec::new();
            for (client, requests) in &mut clients {
                let mut bytes: Vec<u8> = requests.iter().flat_map(|request| request.bytes.clone()).collect();
                // The last part of some comes after the stop has begun. It belongs to the last request.
                let last = requests.last().map_or(0, |request| request.bytes.len());
                let late = if random.below(3) == 0 { number(&mut random, last as u64 - 4) } else { 0 };
                rest.push(bytes.split_off(bytes.len() - late));
                client.send(&bytes);
            }
            server.terminate_and_thaw();
            for ((client, _), rest) in clients.iter_mut().zip(rest) {
                client.send(&rest);
            }
            for (client, requests) in &mut clients {
                for request in requests.iter() {
                    request.is_answered_by(&client.response());
                }
                client.closed();
            }
            server.stopped().exited(0).not_reported("note:");
        }
    }
}

#[test]
fn a_connection_is_idle_after_random_requests() {
    let mut random = Random::new();
    for mut server in servers!("http idle=0") {
        let mut clients: Vec<_> = (0..count(20)).map(|_| server.connect()).collect();
        for client in &mut clients {
            for _ in 0..=random.below(4) {
                let request = Request::any(&mut random);
                send_in_pieces(&mut random, client, &request.bytes);
                let answer = client.response();
                request.is_answered_by(&answer);
                assert!(!answer.is_last(), "{} to {}", answer.head, request.bytes.escape_ascii());
            }
            // An empty line after a request belongs to none (RFC 9112, section 2.2).
            client.send(&b"\r\n".repeat(number(&mut random, 2)));
        }
        server.terminate();
        clients.all_closed();
        server.stopped().exited(0).not_reported("note:").within(Duration::ZERO);
    }
}
