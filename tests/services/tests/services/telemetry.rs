//! The last spans, metrics and logs arrive at the collector, or their loss is in the report.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::Ended;

use crate::{ready, service, well};

const KINDS: [(&str, &str); 3] = [("traces", "spans"), ("metrics", "metrics"), ("logs", "logs")];

/// An OTLP collector over HTTP, which answers every export in the same way.
struct Collector {
    address: SocketAddr,
    exports: Arc<AtomicUsize>,
    /// Dropped when the test ends, so that an export without an answer ends too.
    _end: mpsc::Sender<()>,
}

#[derive(Clone, Copy)]
enum Answer {
    Status(&'static str),
    Late(Duration),
    Never,
}

impl Collector {
    fn start(answer: Answer) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let exports = Arc::new(AtomicUsize::new(0));
        let (end, ended) = mpsc::channel::<()>();
        let (ended, counted) = (Arc::new(std::sync::Mutex::new(ended)), Arc::clone(&exports));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, ended, counted) =
                    (stream.unwrap(), Arc::clone(&ended), Arc::clone(&counted));
                thread::spawn(move || {
                    if receive(&mut stream) {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                    let status = match answer {
                        Answer::Status(status) => status,
                        Answer::Late(late) => {
                            thread::sleep(late);
                            "200 OK"
                        }
                        Answer::Never => {
                            let _ = ended.lock().unwrap().recv();
                            return;
                        }
                    };
                    drop(write!(
                        stream,
                        "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    ));
                });
            }
        });
        Collector { address, exports, _end: end }
    }

    fn exports(&self) -> usize {
        self.exports.load(Ordering::SeqCst)
    }
}

/// Reads one request. Returns whether it was whole and had a body.
fn receive(stream: &mut TcpStream) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).is_ok() && !body.is_empty()
}

/// Stops a service that exports to this address.
#[track_caller]
fn stopped(kind: &str, collector: SocketAddr, variables: &[&str]) -> Ended {
    let mut program = service(&format!("telemetry/{kind}")).env("COLLECTOR", collector.to_string());
    for variable in variables {
        program = program.env(variable, "1");
    }
    let mut child = ready(program);
    child.signal(SIGTERM);
    child.ended()
}

/// Checks that the loss is in the report, and that everything else went well.
#[track_caller]
fn lost(kind: &str, what: &str, ended: &Ended) {
    ended.exited(70).said(&["ledger closed"]).within(Duration::from_secs(4));
    ended.reported(&["Telemetry", kind, &format!("the last {what} may be lost: ")]);
}

#[test]
fn the_last_telemetry_arrives() {
    for (kind, _) in KINDS {
        let collector = Collector::start(Answer::Status("200 OK"));
        well(&stopped(kind, collector.address, &[]));
        assert!(collector.exports() >= 1, "{kind}");
    }
}

#[test]
fn a_collector_that_takes_its_time_is_waited_for() {
    for (kind, _) in KINDS {
        let collector = Collector::start(Answer::Late(Duration::from_millis(400)));
        well(&stopped(kind, collector.address, &[]));
        assert!(collector.exports() >= 1, "{kind}");
    }
}

/// Only the flush returns the result of the export (R22).
#[test]
fn r22_telemetry_that_a_collector_refuses_is_a_failure() {
    for (kind, what) in KINDS {
        let collector = Collector::start(Answer::Status("503 Service Unavailable"));
        lost(kind, what, &stopped(kind, collector.address, &[]));
    }
}

#[test]
fn r22_telemetry_without_a_collector_is_a_failure() {
    for (kind, what) in KINDS {
        // Nothing listens at the address of a listener that has closed.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        lost(kind, what, &stopped(kind, address, &[]));
    }
}

#[test]
fn r22_telemetry_that_a_collector_never_confirms_is_a_failure_in_time() {
    for (kind, what) in KINDS {
        let collector = Collector::start(Answer::Never);
        lost(kind, what, &stopped(kind, collector.address, &[]));
    }
}

#[test]
fn without_telemetry_a_missing_collector_is_not_a_fault() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (kind, _) in KINDS {
        well(&stopped(kind, address, &["SILENT"]));
    }
}

/// The program has read the result of its own shutdown.
#[test]
fn a_provider_that_was_shut_down_before_is_well() {
    let collector = Collector::start(Answer::Status("200 OK"));
    well(&stopped("traces", collector.address, &["SHUT_DOWN"]));
}
