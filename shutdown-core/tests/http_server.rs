//! The settings of `http::Server`, over real sockets, in this process.
#![cfg(feature = "http")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use axum::routing::get;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use lifecycle::http::{ConnectionInfo, Disconnect, DisconnectReason, Server};
use lifecycle::{Lifecycle, Report};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: test\r\n\r\n";

/// A service whose `/slow` requests wait for a notification.
#[derive(Clone, Default)]
struct Hello {
    go: Arc<Notify>,
    reached: Arc<Notify>,
}

impl Hello {
    async fn answer(self, path: String) -> Result<Response<Full<Bytes>>, Infallible> {
        if path == "/slow" {
            self.reached.notify_one();
            self.go.notified().await;
        }
        Ok(Response::new(Full::from("hello")))
    }

    async fn serve(self, server: Server<TcpListener>) -> std::io::Result<()> {
        let service = tower::service_fn(move |request: Request<Incoming>| {
            self.clone().answer(request.uri().path().to_owned())
        });
        server.serve(service).await
    }
}

struct Running {
    address: SocketAddr,
    lifecycle: Lifecycle,
    report: JoinHandle<Report>,
}

impl Running {
    /// Starts a lifecycle whose `main` is `serve` of a server at a free port.
    async fn start<F>(serve: impl FnOnce(Server<TcpListener>) -> F) -> Running
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let lifecycle = Lifecycle::builder().grace(Duration::from_secs(20)).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = serve(Server::new(listener));
        let report = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { lifecycle.run(serving).await }
        });
        Running { address, lifecycle, report }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Stops the service, and returns its clean report.
    async fn stop(self) {
        self.lifecycle.shutdown("test");
        self.clean().await;
    }

    /// Waits for the end of the service, and requires a clean report.
    async fn clean(self) {
        let report = self.report.await.unwrap();
        assert!(report.is_clean() && report.took < Duration::from_secs(10), "{report}");
    }
}

/// Reads one response, which ends with `end`, and returns it.
async fn answer_with(stream: &mut TcpStream, end: &str) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        let byte = stream.read_u8().await;
        let Ok(byte) = byte else { panic!("{byte:?} after {:?}", String::from_utf8_lossy(&answer)) };
        answer.push(byte);
    }
    String::from_utf8(answer).unwrap()
}

/// Sends a request, reads the response, and returns whether it says that it is the last one.
async fn ask(stream: &mut TcpStream) -> bool {
    stream.write_all(GET).await.unwrap();
    answer_with(stream, "hello").await.contains("connection: close")
}

#[track_caller]
fn is_clean_end(read: std::io::Result<usize>) {
    assert_eq!(read.expect("a close, and not a reset"), 0);
}

async fn closed(stream: &mut TcpStream) {
    is_clean_end(stream.read(&mut [0; 1]).await);
}

// make_service, and the kinds of services

#[tokio::test]
async fn each_connection_has_a_service_of_its_own_that_knows_its_client() {
    let running = Running::start(|server| {
        let connections = Arc::new(AtomicUsize::new(0));
        let make_service = tower::service_fn(move |connection: ConnectionInfo| {
            let number = connections.fetch_add(1, Ordering::Relaxed);
            let text = format!("{} is {number}!", connection.peer());
            let service = tower::service_fn(move |_: Request<Incoming>| {
                let text = text.clone();
                async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text))) }
            });
            async move { Ok::<_, Infallible>(service) }
        });
        server.serve_make_service(make_service)
    })
    .await;
    let mut streams = [running.connect().await, running.connect().await];
    // The tasks of the connections run in any order, so the first request of each settles its number.
    let mut numbers = Vec::new();
    for stream in &mut streams {
        stream.write_all(GET).await.unwrap();
        let first = answer_with(stream, "!").await;
        stream.write_all(GET).await.unwrap();
        assert_eq!(answer_with(stream, "!").await, first);
        let address = stream.local_addr().unwrap();
        let number =
            ["0", "1"].into_iter().find(|number| first.ends_with(&format!("{address} is {number}!")));
        numbers.push(number.expect(&first));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, ["0", "1"]);
    running.stop().await;
}

#[derive(Clone)]
struct Client(SocketAddr);

impl Connected<ConnectionInfo> for Client {
    fn connect_info(connection: ConnectionInfo) -> Client {
        match connection.peer() {
            lifecycle::net::Peer::Ip(address) => Client(*address),
            other => panic!("a TCP client has an address, and not {other}"),
        }
    }
}

#[tokio::test]
async fn the_make_services_of_axum_are_accepted() {
    let who = async |ConnectInfo(Client(address)): ConnectInfo<Client>| format!("{address}!");
    let routes = Router::new().route("/", get(who)).with_state(());
    let make_service = routes.into_make_service_with_connect_info::<Client>();
    let running = Running::start(|server| server.serve_make_service(make_service)).await;
    let mut stream = running.connect().await;
    stream.write_all(GET).await.unwrap();
    let address = stream.local_addr().unwrap();
    assert!(answer_with(&mut stream, "!").await.ends_with(&format!("\r\n\r\n{address}!")));
    drop(stream);
    running.stop().await;

    let routes = Router::new().route("/", get(async || "hello")).with_state(());
    let running = Running::start(|server| server.serve_make_service(routes.into_make_service())).await;
    assert!(!ask(&mut running.connect().await).await);
    running.stop().await;
}

#[tokio::test]
async fn a_service_that_cannot_be_made_costs_only_its_own_connection() {
    let running = Running::start(|server| {
        let made = Arc::new(AtomicUsize::new(0));
        server.serve_make_service(tower::service_fn(move |_: ConnectionInfo| {
            let number = made.fetch_add(1, Ordering::Relaxed);
            async move {
                match number {
                    0 => Err("the first one fails"),
                    1 => panic!("the second one panics"),
                    _ => Ok(Router::new().route("/", get(async || "hello")).with_state(())),
                }
            }
        }))
    })
    .await;
    for _ in 0..2 {
        closed(&mut running.connect().await).await;
    }
    assert!(!ask(&mut running.connect().await).await);
    // A panic before the stop is not a fault of the stop.
    running.stop().await;
}

/// A service that is never made is treated as half a request head is (R18).
#[tokio::test]
async fn a_service_that_is_never_made_does_not_hold_up_the_stop() {
    type Never = std::future::Pending<Result<Router, Infallible>>;
    let (reached, made) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let make_service = tower::service_fn({
        let reached = Arc::clone(&reached);
        move |_: ConnectionInfo| -> Never {
            made.fetch_add(1, Ordering::Relaxed);
            reached.notify_one();
            std::future::pending()
        }
    });
    let running = Running::start(|server| server.serve_make_service(make_service)).await;
    let mut stream = running.connect().await;
    reached.notified().await;
    running.stop().await;
    closed(&mut stream).await;
}

#[tokio::test]
async fn a_hyper_service_is_accepted_as_it_is() {
    let service = hyper::service::service_fn(async |_: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
    });
    // The function and the method, each with hyper's service and with a shared one.
    let running = Running::start(|server| server.serve(Arc::new(service))).await;
    let mut stream = running.connect().await;
    assert!(!ask(&mut stream).await);
    drop(stream);
    running.stop().await;

    let lifecycle = Lifecycle::builder().grace(Duration::from_secs(20)).build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let report = tokio::spawn({
        let lifecycle = lifecycle.clone();
        async move { lifecycle.run(lifecycle::http::serve(listener, service)).await }
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(!ask(&mut stream).await);
    lifecycle.shutdown("test");
    closed(&mut stream).await;
    assert!(report.await.unwrap().is_clean());
}

#[tokio::test]
async fn http1_only_serves_http1_and_closes_an_http2_client_without_a_response() {
    let running = Running::start(|server| Hello::default().serve(server.http1_only().http1_only())).await;
    let mut client = running.connect().await;
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    closed(&mut client).await;
    assert!(!ask(&mut running.connect().await).await);
    running.stop().await;
}

// max_connections

#[tokio::test]
async fn a_client_over_the_limit_waits_in_the_accept_queue_until_a_place_is_free() {
    let (most, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let running = Running::start(|server| {
        let (most, opened, closed) = (Arc::clone(&most), Arc::clone(&open), open);
        let server = server
            .max_connections(2)
            .on_connect(move |_| {
                most.fetch_max(opened.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            })
            .on_disconnect(move |_, _| {
                closed.fetch_sub(1, Ordering::SeqCst);
            });
        Hello::default().serve(server)
    })
    .await;
    let (mut first, mut second) = (running.connect().await, running.connect().await);
    assert!(!ask(&mut first).await && !ask(&mut second).await);
    let mut third = running.connect().await;
    third.write_all(GET).await.unwrap();
    // The two that have a place are served again, and the third one is not.
    assert!(!ask(&mut first).await && !ask(&mut second).await);
    assert_eq!(most.load(Ordering::SeqCst), 2);
    drop(first);
    answer_with(&mut third, "hello").await;
    drop((second, third));
    running.stop().await;
}

#[tokio::test]
async fn the_drain_gives_a_turn_to_each_client_that_waits_for_a_place() {
    let hello = Hello::default();
    let running = Running::start(|server| hello.clone().serve(server.max_connections(1))).await;
    let mut first = running.connect().await;
    first.write_all(SLOW).await.unwrap();
    hello.reached.notified().await;
    let mut queue = Vec::new();
    for _ in 0..20 {
        let mut stream = running.connect().await;
        stream.write_all(GET).await.unwrap();
        queue.push(stream);
    }
    running.lifecycle.shutdown("test");
    running.lifecycle.draining().await;
    hello.go.notify_one();
    assert!(answer_with(&mut first, "hello").await.contains("connection: close"));
    drop(first);
    for mut stream in queue {
        assert!(answer_with(&mut stream, "hello").await.contains("connection: close"));
        closed(&mut stream).await;
    }
    running.clean().await;
}

#[tokio::test]
#[should_panic(expected = "`max_connections` is 0")]
async fn a_limit_of_no_connections_is_refused() {
    let _ = Running::start(|server| Hello::default().serve(server.max_connections(0))).await;
}

// max_connection_age

const AGE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_connection_at_its_age_is_told_to_close_and_one_below_is_not() {
    let running = Running::start(|server| Hello::default().serve(server.max_connection_age(AGE))).await;
    let begun = tokio::time::Instant::now();
    let mut stream = running.connect().await;
    let mut requests = 0;
    while !ask(&mut stream).await {
        requests += 1;
        assert!(begun.elapsed() < Duration::from_secs(10), "it is never told");
    }
    // Nine tenths, because of the jitter.
    assert!(requests > 0 && begun.elapsed() >= AGE.mul_f64(0.9), "{requests} in {:?}", begun.elapsed());
    closed(&mut stream).await;
    assert!(!running.lifecycle.is_stopping());
    running.stop().await;
}

#[tokio::test]
async fn an_idle_connection_at_its_age_closes_cleanly() {
    let running = Running::start(|server| Hello::default().serve(server.max_connection_age(AGE))).await;
    let (mut used, mut unused) = (running.connect().await, running.connect().await);
    assert!(!ask(&mut used).await);
    closed(&mut used).await;
    closed(&mut unused).await;
    running.stop().await;
}

/// Clients that go on and reconnect only when they are told to: no request is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_ages_lose_no_request() {
    let running =
        Running::start(|server| Hello::default().serve(server.max_connection_age(Duration::from_millis(5))))
            .await;
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let address = running.address;
            tokio::spawn(async move {
                let mut connections = 0;
                while connections < 25 {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    while !ask(&mut stream).await {}
                    closed(&mut stream).await;
                    connections += 1;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    running.stop().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_before_a_connection_at_its_age_closes() {
    let hello = Hello::default();
    let server = |server: Server<TcpListener>| hello.clone().serve(server.max_connection_age(AGE));
    let running = Running::start(server).await;
    let mut stream = running.connect().await;
    stream.write_all(SLOW).await.unwrap();
    hello.reached.notified().await;
    tokio::time::sleep(2 * AGE).await;
    stream.write_all(&GET.repeat(3)).await.unwrap();
    hello.go.notify_one();
    let mut closes = Vec::new();
    for _ in 0..4 {
        closes.push(answer_with(&mut stream, "hello").await.contains("connection: close"));
    }
    assert_eq!(closes, [false, false, false, true]);
    closed(&mut stream).await;
    running.stop().await;
}

#[tokio::test]
async fn half_a_head_at_the_age_becomes_the_last_request() {
    let running = Running::start(|server| Hello::default().serve(server.max_connection_age(AGE))).await;
    let mut stream = running.connect().await;
    let (half, rest) = GET.split_at(10);
    stream.write_all(half).await.unwrap();
    tokio::time::sleep(2 * AGE + Duration::from_millis(1200)).await;
    stream.write_all(rest).await.unwrap();
    assert!(answer_with(&mut stream, "hello").await.contains("connection: close"));
    closed(&mut stream).await;
    running.stop().await;
}

#[tokio::test]
async fn a_request_in_progress_has_the_grace_of_the_age_and_no_more() {
    let hello = Hello::default();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let running = Running::start(|server| {
        let server = server
            .max_connection_age(AGE)
            .max_connection_age_grace(AGE)
            .on_disconnect(move |_, end| tell.send(*end).unwrap());
        hello.clone().serve(server)
    })
    .await;
    // One ends in time, and one does not.
    let mut stream = running.connect().await;
    stream.write_all(SLOW).await.unwrap();
    hello.reached.notified().await;
    tokio::time::sleep(AGE.mul_f64(1.2)).await;
    hello.go.notify_one();
    assert!(answer_with(&mut stream, "hello").await.contains("connection: close"));
    closed(&mut stream).await;
    assert_eq!(told.recv().await.unwrap().reason, DisconnectReason::MaxAge);

    let mut stream = running.connect().await;
    stream.write_all(SLOW).await.unwrap();
    hello.reached.notified().await;
    closed(&mut stream).await;
    let end = told.recv().await.unwrap();
    assert_eq!(end.reason, DisconnectReason::CutOff);
    assert!(end.duration >= AGE.mul_f64(1.9), "{end:?}");
    running.stop().await;
}

/// A request in progress is never cut before the end of the drain (R18).
#[tokio::test]
async fn the_drain_lifts_the_grace_of_the_age() {
    let hello = Hello::default();
    let running = Running::start(|server| {
        hello.clone().serve(server.max_connection_age(Duration::ZERO).max_connection_age_grace(AGE))
    })
    .await;
    let mut stream = running.connect().await;
    stream.write_all(SLOW).await.unwrap();
    hello.reached.notified().await;
    running.lifecycle.shutdown("test");
    running.lifecycle.draining().await;
    tokio::time::sleep(2 * AGE).await;
    hello.go.notify_one();
    assert!(answer_with(&mut stream, "hello").await.contains("connection: close"));
    drop(stream);
    running.clean().await;
}

#[tokio::test]
async fn with_an_age_of_zero_a_connection_serves_one_request() {
    let running =
        Running::start(|server| Hello::default().serve(server.max_connection_age(Duration::ZERO))).await;
    for _ in 0..3 {
        let mut stream = running.connect().await;
        assert!(ask(&mut stream).await);
        closed(&mut stream).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn the_largest_times_are_no_limit() {
    let running = Running::start(|server| {
        let server = server.max_connection_age(Duration::MAX).max_connection_age_grace(Duration::MAX);
        Hello::default().serve(server.max_connections(usize::MAX))
    })
    .await;
    assert!(!ask(&mut running.connect().await).await);
    running.stop().await;
}

// on_connect, on_disconnect

type Ends = Arc<Mutex<Vec<(String, Disconnect)>>>;

#[tokio::test]
async fn each_connection_is_reported_once_with_its_client_its_time_and_its_reason() {
    let (opens, ends) = (Arc::new(Mutex::new(Vec::new())), Ends::default());
    let hello = Hello::default();
    let running = Running::start(|server| {
        let (opened, ended) = (Arc::clone(&opens), Arc::clone(&ends));
        let server = server
            .on_connect(move |peer| opened.lock().unwrap().push(peer.to_string()))
            .on_disconnect(move |peer, end| ended.lock().unwrap().push((peer.to_string(), *end)));
        hello.clone().serve(server)
    })
    .await;
    let (mut gone, mut idle, mut busy) =
        (running.connect().await, running.connect().await, running.connect().await);
    let names: Vec<String> =
        [&gone, &idle, &busy].iter().map(|stream| stream.local_addr().unwrap().to_string()).collect();
    assert!(!ask(&mut gone).await && !ask(&mut idle).await);
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(gone);
    busy.write_all(SLOW).await.unwrap();
    hello.reached.notified().await;
    while ends.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    running.lifecycle.shutdown("test");
    closed(&mut idle).await;
    hello.go.notify_one();
    answer_with(&mut busy, "hello").await;
    drop(busy);
    running.clean().await;
    let mut opens = opens.lock().unwrap().clone();
    opens.sort_unstable();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(opens, sorted);
    let ends = ends.lock().unwrap();
    let found: Vec<_> = ends.iter().map(|(peer, end)| (peer.as_str(), end.reason)).collect();
    assert_eq!(
        found,
        [
            (names[0].as_str(), DisconnectReason::Closed),
            (&names[1], DisconnectReason::Drained),
            (&names[2], DisconnectReason::Drained),
        ]
    );
    assert!(ends[0].1.duration >= Duration::from_millis(50), "{:?}", ends[0]);
}

#[tokio::test]
async fn a_failed_handshake_is_the_reason_of_an_end() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let running = Running::start(|server| {
        let handshakes = AtomicUsize::new(0);
        let server = server.on_disconnect(move |_, end| tell.send(end.reason).unwrap()).handshake(
            move |stream: TcpStream| {
                let number = handshakes.fetch_add(1, Ordering::Relaxed);
                async move {
                    match number {
                        0 => Err(std::io::Error::other("no")),
                        1 => panic!("the handshake panics"),
                        2 => std::future::pending().await,
                        _ => Ok(stream),
                    }
                }
            },
        );
        let hello = Hello::default();
        let service = tower::service_fn(move |request: Request<Incoming>| {
            hello.clone().answer(request.uri().path().to_owned())
        });
        server.serve(service)
    })
    .await;
    for _ in 0..2 {
        closed(&mut running.connect().await).await;
        assert_eq!(told.recv().await, Some(DisconnectReason::HandshakeFailed));
    }
    let mut stuck = running.connect().await;
    let mut served = running.connect().await;
    assert!(!ask(&mut served).await);
    drop(served);
    assert_eq!(told.recv().await, Some(DisconnectReason::Closed));
    running.stop().await;
    assert_eq!(told.recv().await, Some(DisconnectReason::HandshakeFailed));
    closed(&mut stuck).await;
    assert_eq!(told.recv().await, None, "each is reported once");
}

#[tokio::test]
async fn hooks_that_panic_lose_no_connection() {
    let running = Running::start(|server| {
        let server = server.on_connect(|_| panic!("opened")).on_disconnect(|_, _| panic!("closed"));
        Hello::default().serve(server.max_connections(1))
    })
    .await;
    for _ in 0..3 {
        let mut stream = running.connect().await;
        assert!(!ask(&mut stream).await && !ask(&mut stream).await);
    }
    let mut last = running.connect().await;
    assert!(!ask(&mut last).await);
    running.lifecycle.shutdown("test");
    closed(&mut last).await;
    let report = running.report.await.unwrap();
    assert_eq!((report.exit_status(), report.panicked_tasks), (70, 1), "{report}");
}

/// The drop of a connection by a panic calls the hook, whose own panic must not end the process.
#[tokio::test]
async fn a_hook_may_panic_for_a_connection_whose_handler_panics() {
    let routes = Router::new().route("/", get(async || -> &str { panic!("a handler") })).with_state(());
    let running = Running::start(|server| server.on_disconnect(|_, _| panic!("closed")).serve(routes)).await;
    for _ in 0..2 {
        let mut stream = running.connect().await;
        stream.write_all(GET).await.unwrap();
        closed(&mut stream).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn an_upgraded_connection_ends_when_its_last_owner_drops_it() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let running = Running::start(|server| {
        let service = hyper::service::service_fn(async |request: Request<Incoming>| {
            tokio::spawn(async move {
                let upgraded = hyper::upgrade::on(request).await.unwrap();
                let mut io = hyper_util::rt::TokioIo::new(upgraded);
                let mut byte = [0];
                io.read_exact(&mut byte).await.unwrap();
                io.write_all(&byte).await.unwrap();
            });
            let response = Response::builder().status(101).header("upgrade", "echo");
            Ok::<_, hyper::http::Error>(response.body(Full::<Bytes>::default())?)
        });
        // An upgraded connection goes on after its age.
        let server = server.max_connection_age(AGE).max_connection_age_grace(Duration::ZERO);
        server.on_disconnect(move |_, end| tell.send(end.reason).unwrap()).serve(service)
    })
    .await;
    let mut stream = running.connect().await;
    let head = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    stream.write_all(head).await.unwrap();
    answer_with(&mut stream, "\r\n\r\n").await;
    tokio::time::sleep(2 * AGE).await;
    assert!(told.try_recv().is_err());
    stream.write_all(b"x").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'x');
    closed(&mut stream).await;
    assert!(told.recv().await.is_some());
    running.stop().await;
}
