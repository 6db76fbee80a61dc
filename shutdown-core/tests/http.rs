//! Servers over real sockets, in this process. The tests check how one stop affects one connection.
#![cfg(feature = "http")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use lifecycle::http::Server;
use lifecycle::{Lifecycle, Report};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// A service whose `/slow` requests wait for a notification.
struct Service {
    address: SocketAddr,
    lifecycle: Lifecycle,
    go: Arc<Notify>,
    reached: Arc<Notify>,
    running: JoinHandle<Report>,
}

impl Service {
    async fn start(configure: impl FnOnce(Server<TcpListener>) -> Server<TcpListener>) -> Service {
        Service::within(Duration::from_secs(3), configure).await
    }

    async fn within(
        grace: Duration,
        configure: impl FnOnce(Server<TcpListener>) -> Server<TcpListener>,
    ) -> Service {
        let lifecycle = Lifecycle::builder().grace(grace).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (go, reached) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let service = tower::service_fn({
            let (go, reached) = (go.clone(), reached.clone());
            move |request: Request<Incoming>| {
                let (go, reached) = (go.clone(), reached.clone());
                async move {
                    if request.uri().path() == "/slow" {
                        reached.notify_one();
                        go.notified().await;
                    }
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
                }
            }
        });
        let server = configure(Server::new(listener));
        let running = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { lifecycle.run(server.serve(service)).await }
        });
        Service { address, lifecycle, go, reached, running }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn stop(&self) {
        self.lifecycle.shutdown("test");
    }

    async fn report(self) -> Report {
        self.running.await.unwrap()
    }
}

/// Reads one response of the service, and returns its head.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        let byte = stream.read_u8().await;
        let Ok(byte) = byte else { panic!("{byte:?} after {:?}", String::from_utf8_lossy(&answer)) };
        answer.push(byte);
    }
    String::from_utf8(answer).unwrap()
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0; 1]).await.is_ok_and(|read| read == 0)
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_at_work_finishes() {
    let service = Service::start(|server| server.drain_idle_timeout(Duration::ZERO)).await;
    let (mut idle, mut busy) = (service.connect().await, service.connect().await);
    idle.write_all(GET).await.unwrap();
    assert!(!answer(&mut idle).await.contains("close"));
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    service.reached.notified().await;
    service.stop();
    assert!(is_closed(&mut idle).await);
    service.go.notify_one();
    assert!(answer(&mut busy).await.contains("connection: close"));
    assert!(is_closed(&mut busy).await);
    drop(busy);
    let report = service.report().await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn who_stands_in_the_queue_is_served() {
    let service = Service::start(|server| server).await;
    let mut first = service.connect().await;
    first.write_all(GET).await.unwrap();
    answer(&mut first).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        // The runtime has only this thread, so no task accepts during this loop.
        let mut stream = std::net::TcpStream::connect(service.address).unwrap();
        std::io::Write::write_all(&mut stream, GET).unwrap();
        stream.set_nonblocking(true).unwrap();
        streams.push(TcpStream::from_std(stream).unwrap());
    }
    service.stop();
    for stream in &mut streams {
        assert!(answer(stream).await.contains("connection: close"));
    }
    drop(streams);
    let report = service.report().await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn half_a_head_is_noted_and_half_a_body_is_named() {
    let service = Service::start(|server| server).await;
    let (mut head, mut busy) = (service.connect().await, service.connect().await);
    head.write_all(b"GET / HT").await.unwrap();
    busy.write_all(b"GET /slow?why HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    service.reached.notified().await;
    service.stop();
    assert!(is_closed(&mut head).await);
    let report = service.report().await;
    assert_eq!(report.exit_status(), 70, "{report}");
    let text = report.to_string();
    assert!(text.contains("`GET /slow?why` has no response yet"), "{text}");
    assert!(text.contains("a connection was closed with half a request head"), "{text}");
}

#[cfg(not(feature = "http2"))]
#[tokio::test]
async fn without_the_feature_an_http2_client_is_closed_without_a_response() {
    let service = Service::start(|server| server).await;
    let mut client = service.connect().await;
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert!(is_closed(&mut client).await);
    service.stop();
    let report = service.report().await;
    assert!(report.is_clean(), "{report}");
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn a_stream_whose_client_is_dead_is_gone_after_40_seconds() {
    let service = Service::within(Duration::from_secs(1200), |server| server).await;
    let mut dead = service.connect().await;
    // The head has `:method: GET` and `:scheme: http` from HPACK's table, and `:path` and `:authority` by value.
    let head = [&[0x82, 0x86, 0x44, 5], &b"/slow"[..], &[0x41, 4], &b"test"[..]].concat();
    let frames = [&[0, 0, 0, 4, 0, 0, 0, 0, 0], &[0, 0, 15, 1, 5, 0, 0, 0, 1], &head[..]].concat();
    dead.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    dead.write_all(&frames).await.unwrap();
    service.reached.notified().await;
    // The paused clock advances when no task can run. A dead client sends nothing.
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    service.stop();
    let report = service.report().await;
    assert!(report.is_clean(), "{report}");
    // The server sends a ping 20 s after the last frame, and waits 20 s for the response. Tokio's timers are
    // exact to 1 ms.
    let bounds = Duration::from_secs(39)..Duration::from_millis(40_100);
    assert!(bounds.contains(&asked.elapsed()), "{:?}", asked.elapsed());
}
