//! The race between a client that sends a request and a server that closes. The tests try every order of their
//! steps, over real sockets, on one thread with a paused clock.
//!
//! Between two steps the runtime gets a certain number of turns. In a turn the runtime first polls the tasks that
//! are awake. Then it asks the kernel for events.
//!
//! After at most one turn, the runtime does not know about new bytes yet. A task that the drain wakes can already
//! find these bytes in the socket.
#![cfg(feature = "http")]

use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream as Client;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use lifecycle::http::Server;
use lifecycle::net::{Listener, Peer};
use lifecycle::{Lifecycle, Report};
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, yield_now};

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: test\r\n\r\n";

/// A listener that accepts one connection.
struct One(Option<UnixStream>);

impl Listener for One {
    type Io = UnixStream;

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(UnixStream, Peer)>> {
        self.0.take().map_or(Poll::Pending, |stream| Poll::Ready(Ok((stream, Peer::Local))))
    }

    fn address(&self) -> String {
        "one".to_owned()
    }
}

struct Service {
    client: Client,
    lifecycle: Lifecycle,
    running: JoinHandle<Report>,
}

impl Service {
    fn start() -> Service {
        let (client, server) = Client::pair().unwrap();
        client.set_nonblocking(true).unwrap();
        server.set_nonblocking(true).unwrap();
        let server = One(Some(UnixStream::from_std(server).unwrap()));
        let lifecycle = Lifecycle::builder().grace(Duration::from_secs(10)).build();
        let hello = tower::service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
        });
        let running = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { lifecycle.run(Server::new(server).serve(hello)).await }
        });
        Service { client, lifecycle, running }
    }

    /// Reads until `enough` returns `true`, or until the end, for at most 2 s of the clock. Returns the text, and
    /// whether the connection is closed.
    async fn read(&mut self, enough: impl Fn(&str) -> bool) -> (String, bool) {
        let (mut text, mut space) = (String::new(), [0; 4096]);
        for _ in 0..400 {
            match self.client.read(&mut space) {
                Ok(0) => return (text, true),
                Ok(read) => text.push_str(std::str::from_utf8(&space[..read]).unwrap()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if enough(&text) {
                        return (text, false);
                    }
                    turns(3).await;
                    tokio::time::advance(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{error} after {text:?}"),
            }
        }
        (text, false)
    }
}

async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(&'static [u8]),
    Stop,
}

/// The history of a connection before the steps begin.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Past {
    New,
    JustAnswered,
    /// The last response was so long ago that the connection is idle.
    Idle,
}

/// Runs the steps, with the given number of turns before each. Returns the number of responses, and whether the
/// connection was closed in order.
async fn play(past: Past, steps: &[(usize, Step)]) -> (usize, bool) {
    let mut service = Service::start();
    turns(4).await;
    if past != Past::New {
        service.client.write_all(REQUEST).unwrap();
        let (text, _) = service.read(|text| text.ends_with("hello")).await;
        assert!(!text.contains("close"), "{text}");
    }
    if past == Past::Idle {
        tokio::time::advance(Duration::from_millis(150)).await;
    }
    for &(count, step) in steps {
        turns(count).await;
        match step {
            Step::Send(bytes) => match service.client.write_all(bytes) {
                Ok(()) => {}
                // The server has closed the connection. The caller checks whether that was allowed.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                Err(error) => panic!("{error}"),
            },
            Step::Stop => service.lifecycle.shutdown("test"),
        }
    }
    let (text, closed) = service.read(|_| false).await;
    drop(service.client);
    let report = service.running.await.unwrap();
    assert!(report.is_clean(), "{report}");
    let answers = text.matches("HTTP/1.1 200 OK\r\n").count();
    assert_eq!(text.matches("hello").count(), answers, "half an answer: {text}");
    if answers > 0 {
        // HTTP/1.1 allows `connection: close` only in the last response.
        let last = text.rfind("HTTP/1.1").unwrap();
        assert!(!text[..last].contains("connection: close"), "{text}");
    }
    (answers, closed)
}

/// Runs every position of `stop` between the steps, with zero to two turns before each step.
async fn every_order(past: Past, sends: &[&'static [u8]], check: impl Fn(&[(usize, Step)], usize, bool)) {
    for stop_at in 0..=sends.len() {
        let mut steps: Vec<Step> = sends.iter().map(|bytes| Step::Send(bytes)).collect();
        steps.insert(stop_at, Step::Stop);
        let ways = 3_usize.pow(u32::try_from(steps.len()).unwrap());
        for way in 0..ways {
            let mut rest = way;
            let timed: Vec<(usize, Step)> = steps
                .iter()
                .map(|&step| {
                    let count = rest % 3;
                    rest /= 3;
                    (count, step)
                })
                .collect();
            let (answers, closed) = play(past, &timed).await;
            check(&timed, answers, closed);
        }
    }
}

/// Returns whether a request was sent before the stop.
fn sent_in_time(steps: &[(usize, Step)]) -> bool {
    matches!(steps[0].1, Step::Send(_))
}

/// Cuts a request into three parts. With `LIFECYCLE_SOAK` it cuts at every byte, otherwise at bytes that are
/// difficult for a parser.
fn cuts() -> Vec<[&'static [u8]; 3]> {
    let end = REQUEST.len();
    let places: Vec<usize> = match std::env::var_os("LIFECYCLE_SOAK") {
        Some(_) => (1..end).collect(),
        None => vec![1, 3, 17, end - 2, end - 1],
    };
    let mut cuts = Vec::new();
    for (at, &first) in places.iter().enumerate() {
        for &second in &places[at + 1..] {
            cuts.push([&REQUEST[..first], &REQUEST[first..second], &REQUEST[second..]]);
        }
    }
    cuts
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_begun_before_the_stop_is_answered() {
    for past in [Past::New, Past::JustAnswered, Past::Idle] {
        for sends in cuts() {
            every_order(past, &sends, |steps, answers, closed| {
                assert!(closed, "{past:?} {steps:?}");
                // A new connection, and one with a recent response, linger for a request.
                if sent_in_time(steps) || past != Past::Idle {
                    assert_eq!(answers, 1, "{past:?} {steps:?}");
                } else {
                    assert!(answers <= 1, "{past:?} {steps:?}");
                }
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_in_a_row_that_were_sent_before_the_stop_are_all_answered() {
    const TWICE: &[u8] = b"GET /a HTTP/1.1\r\nHost: test\r\n\r\nGET /b HTTP/1.1\r\nHost: test\r\n\r\n";
    let half = TWICE.len() / 2;
    for cut in [1, half - 1, half, half + 1, TWICE.len() - 1] {
        for past in [Past::New, Past::JustAnswered, Past::Idle] {
            every_order(past, &[&TWICE[..cut], &TWICE[cut..]], |steps, answers, closed| {
                assert!(closed, "{past:?} {steps:?}");
                if matches!(steps.last().unwrap().1, Step::Stop) {
                    assert_eq!(answers, 2, "{past:?} cut at {cut}: {steps:?}");
                } else if sent_in_time(steps) {
                    // The first response may have announced that it is the last one.
                    assert!(answers >= 1, "{past:?} cut at {cut}: {steps:?}");
                }
            })
            .await;
        }
    }
}
