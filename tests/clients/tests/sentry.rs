//! The last events of `sentry`, counted at an HTTP server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, program};

const EVENTS: usize = 20;

/// What a server does with a request, after it has read it.
#[derive(Clone, Copy)]
enum Answer {
    Status(&'static str),
    /// 200, but not before this time.
    Late(Duration),
    /// Nothing, until the server ends.
    Never,
}

/// An HTTP server that answers one request after the other.
struct Server {
    address: SocketAddr,
    events: Arc<AtomicUsize>,
    /// Ends the requests without an answer.
    _end: mpsc::Sender<()>,
}

impl Server {
    fn start(answer: Answer) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let events = Arc::new(AtomicUsize::new(0));
        let (end, ended) = mpsc::channel::<()>();
        let counted = Arc::clone(&events);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let received = receive(&mut stream);
                let status = match answer {
                    Answer::Status(status) => status,
                    Answer::Late(late) => {
                        thread::sleep(late);
                        "200 OK"
                    }
                    Answer::Never => {
                        let _ = ended.recv();
                        return;
                    }
                };
                if status == "200 OK" {
                    counted.fetch_add(received, Ordering::SeqCst);
                }
                drop(write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
        });
        Server { address, events, _end: end }
    }

    fn events(&self) -> usize {
        self.events.load(Ordering::SeqCst)
    }
}

/// Reads one request. Returns how many events its envelope has.
fn receive(stream: &mut TcpStream) -> usize {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return 0,
        }
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).expect("a whole body");
    String::from_utf8_lossy(&body).matches(r#""type":"event""#).count()
}

/// Stops a service that sends its events to this address.
#[track_caller]
fn stopped(kind: &str, server: SocketAddr, count: usize) -> Ended {
    let program = program!("sentry", kind).env("DSN", format!("http://key@{server}/1"));
    let mut child = program.grace("12s").env("COUNT", count.to_string()).start();
    child.wait_for("ready");
    child.signal(SIGTERM);
    child.stopped()
}

/// The server needs 3 s for all events.
const SLOW: Answer = Answer::Late(Duration::from_millis(150));

#[test]
fn events_are_lost_without_a_teardown() {
    let server = Server::start(SLOW);
    stopped("forgotten", server.address, EVENTS).exited(0).said(&["ledger closed"]);
    assert!(server.events() < EVENTS, "{}", server.events());
}

/// The drop of the guard waits for 2 s, and says nothing.
#[test]
fn events_are_lost_with_the_drop_of_the_guard() {
    let server = Server::start(SLOW);
    stopped("dropped", server.address, EVENTS).exited(0);
    assert!(server.events() < EVENTS, "{}", server.events());
}

/// `sentry` drops the answers, so the report does not say `ok` (R22).
#[test]
fn r22_events_arrive_with_the_time_that_is_left() {
    for answer in [SLOW, Answer::Status("200 OK")] {
        let server = Server::start(answer);
        let ended = stopped("managed", server.address, EVENTS);
        ended.exited(0).said(&["ledger closed"]);
        ended.reported(&["Telemetry", "unconfirmed: ", "may not have the last events"]);
        assert_eq!(server.events(), EVENTS, "{ended:?}");
    }
}

/// R22: a refusal and a server that is gone look like a success to the program.
#[test]
fn r22_events_that_a_server_refuses_are_unconfirmed() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refusing = Server::start(Answer::Status("503 Service Unavailable"));
    for address in [gone, refusing.address] {
        let ended = stopped("managed", address, EVENTS);
        ended.exited(0).said(&["ledger closed"]);
        ended.reported(&["Telemetry", "unconfirmed: ", "may not have the last events"]);
    }
    assert_eq!(refusing.events(), 0);
}

#[test]
fn r22_events_that_a_server_never_answers_are_a_failure_in_time() {
    let server = Server::start(Answer::Never);
    let ended = stopped("managed", server.address, EVENTS);
    ended.exited(70).said(&["ledger closed"]).within(Duration::from_secs(6));
    ended.reported(&["Telemetry", "the last events may be lost"]);
}

#[test]
fn a_client_without_a_server_is_ok() {
    let mut child = program!("sentry", "managed").env("COUNT", "3").start();
    child.wait_for("ready");
    child.signal(SIGTERM);
    child.stopped().exited(0).reported(&["Telemetry", "ok"]);
}
