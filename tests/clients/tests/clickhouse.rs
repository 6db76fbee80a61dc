//! Inserts of `clickhouse`, counted at an HTTP endpoint that stands for the server. The client speaks plain HTTP.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, program};

/// Three rows of one `u32`, in the format `RowBinary`.
const ROWS: [u8; 12] = [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0];

/// What the endpoint does with an insert, after it has read it.
#[derive(Clone, Copy)]
enum Answer {
    Status(&'static str),
    /// Nothing, until the client leaves.
    Never,
}

/// Starts an endpoint for one insert. It sends the rows of an insert that was ended, and `None` for one that was cut off.
fn endpoint(answer: Answer) -> (String, mpsc::Receiver<Option<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let rows = rows(&mut stream);
        let ended = rows.is_some();
        sender.send(rows).unwrap();
        match answer {
            Answer::Status(status) if ended => {
                let reason = if status == "200 OK" { "" } else { "the reason" };
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close", reason.len());
                drop(write!(stream, "{head}\r\n\r\n{reason}"));
            }
            Answer::Status(_) => {}
            Answer::Never => drop(stream.read(&mut [0])),
        }
    });
    (url, received)
}

/// Reads one request with a chunked body (RFC 9112, section 7.1).
fn rows(stream: &mut TcpStream) -> Option<Vec<u8>> {
    while line(stream)? != "" {}
    let mut rows = Vec::new();
    loop {
        let length = usize::from_str_radix(&line(stream)?, 16).unwrap();
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(rows);
        }
        rows.extend_from_slice(&chunk[..length]);
    }
}

fn line(stream: &mut TcpStream) -> Option<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        line.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[track_caller]
fn stopped(scenario: &str, url: &str) -> Ended {
    let mut child = program!("clickhouse", scenario).grace("2s").env("URL", url).start();
    child.wait_for("ready");
    child.signal(SIGTERM);
    child.stopped()
}

/// R22.
#[test]
fn the_rows_arrive_and_the_server_confirms_them() {
    for scenario in ["insert", "inserter"] {
        let (url, received) = endpoint(Answer::Status("200 OK"));
        stopped(scenario, &url).exited(0);
        assert_eq!(received.recv().unwrap().as_deref(), Some(&ROWS[..]), "{scenario}");
    }
}

/// R23: what is lost without the release.
#[test]
fn without_a_release_the_insert_never_ends() {
    let (url, received) = endpoint(Answer::Status("200 OK"));
    stopped("forgotten", &url).exited(0);
    // Without a byte of it there is no connection either.
    let received = received.recv_timeout(Duration::from_millis(100)).ok().flatten();
    assert_eq!(received, None);
}

/// R22.
#[test]
fn an_insert_that_the_server_refuses_is_a_failure() {
    for scenario in ["insert", "inserter"] {
        let (url, _received) = endpoint(Answer::Status("500 Internal Server Error"));
        stopped(scenario, &url).exited(70).reported(&["rows", "failed", "the reason"]);
    }
}

/// R22, R9.
#[test]
fn a_server_that_does_not_answer_is_a_failure_in_time() {
    for scenario in ["insert", "inserter"] {
        let (url, _received) = endpoint(Answer::Never);
        let ended = stopped(scenario, &url);
        ended.exited(70).within(Duration::from_secs(2));
        ended.reported(&["rows", "failed", "the server did not answer in time"]);
    }
}

/// R22.
#[test]
fn a_server_that_is_gone_is_a_failure() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scenario in ["insert", "inserter"] {
        stopped(scenario, &format!("http://{gone}")).exited(70).reported(&["rows", "failed"]);
    }
}
