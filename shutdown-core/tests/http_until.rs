//! A server that ends alone, while the service goes on: `Server::until`.
#![cfg(feature = "http")]

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use lifecycle::Lifecycle;
use lifecycle::http::{ConnectionInfo, Server};
use lifecycle::net::SocketListener;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: test\r\n\r\n";
const POLL: &[u8] = b"GET /poll HTTP/1.1\r\nHost: test\r\n\r\n";

/// How long a step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The orders for the handlers of `/slow`.
#[derive(Clone, Default)]
struct Orders {
    go: Arc<Notify>,
    reached: Arc<Notify>,
}

async fn answer(orders: Orders, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    match request.uri().path() {
        "/slow" => {
            orders.reached.notify_one();
            orders.go.notified().await;
        }
        "/poll" => {
            orders.reached.notify_one();
            let connection = request.extensions().get::<ConnectionInfo>().unwrap().clone();
            connection.stopping().await;
            connection.draining().await;
            assert!(connection.is_stopping());
        }
        _ => {}
    }
    Ok(Response::new(Full::from("hello")))
}

/// Binds a listener that shares its port.
fn listen(address: SocketAddr) -> SocketListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    SocketListener::sole(socket.listen(1024).unwrap())
}

fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// One server of a service.
struct One {
    address: SocketAddr,
    orders: Orders,
    end: Arc<Notify>,
    serving: JoinHandle<io::Result<()>>,
}

impl One {
    fn start(lifecycle: &Lifecycle, address: SocketAddr) -> One {
        One::start_with(lifecycle, address, |server| server.drain_idle_timeout(Duration::ZERO))
    }

    fn start_with(
        lifecycle: &Lifecycle,
        address: SocketAddr,
        configure: impl FnOnce(Server<SocketListener>) -> Server<SocketListener>,
    ) -> One {
        One::start_at(lifecycle, listen(address), configure)
    }

    fn start_at(
        lifecycle: &Lifecycle,
        listener: SocketListener,
        configure: impl FnOnce(Server<SocketListener>) -> Server<SocketListener>,
    ) -> One {
        let address = listener.local_addr().unwrap();
        let (orders, end) = (Orders::default(), Arc::new(Notify::new()));
        let (known, ended) = (orders.clone(), Arc::clone(&end));
        let server = configure(Server::new(listener).connection_info(true))
            .until(async move { ended.notified().await });
        let service = tower::service_fn(move |request| answer(known.clone(), request));
        let serving = lifecycle.spawn(server.serve(service));
        One { address, orders, end, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Opens a connection with a request in progress.
    async fn at_work(&self, request: &[u8]) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(request).await.unwrap();
        self.orders.reached.notified().await;
        stream
    }

    async fn ended(self) {
        timeout(PATIENCE, self.serving).await.expect("an end in time").unwrap().unwrap();
    }
}

/// Starts a lifecycle whose `main` only waits for the stop.
fn start() -> (Lifecycle, JoinHandle<lifecycle::Report>) {
    let lifecycle = Lifecycle::builder().grace(Duration::from_secs(4)).build();
    let running = tokio::spawn({
        let lifecycle = lifecycle.clone();
        async move { lifecycle.run(async { lifecycle::stopping().await }).await }
    });
    (lifecycle, running)
}

async fn started() -> (Lifecycle, JoinHandle<lifecycle::Report>) {
    let (lifecycle, running) = start();
    while !lifecycle.is_ready() {
        tokio::task::yield_now().await;
    }
    (lifecycle, running)
}

/// Reads one response, and returns whether it says that it is the last one.
async fn is_last(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.expect("an answer in time");
        let Ok(byte) = byte else { panic!("{byte:?} after {:?}", String::from_utf8_lossy(&answer)) };
        answer.push(byte);
    }
    String::from_utf8(answer).unwrap().contains("connection: close")
}

async fn ask(stream: &mut TcpStream) -> bool {
    stream.write_all(GET).await.unwrap();
    is_last(stream).await
}

async fn closed(stream: &mut TcpStream) {
    let read = timeout(PATIENCE, stream.read(&mut [0; 1])).await.expect("a close in time");
    assert_eq!(read.expect("a close, and not a reset"), 0);
}

async fn clean(lifecycle: &Lifecycle, running: JoinHandle<lifecycle::Report>) {
    lifecycle.shutdown("test");
    let report = running.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_server_ends_alone_and_another_one_goes_on() {
    let (lifecycle, running) = started().await;
    let (one, other) = (One::start(&lifecycle, anywhere()), One::start(&lifecycle, anywhere()));
    let (mut idle, mut stays) = (one.connect().await, other.connect().await);
    assert!(!ask(&mut idle).await && !ask(&mut stays).await);
    let mut busy = one.at_work(SLOW).await;
    let mut poll = one.at_work(POLL).await;
    one.end.notify_one();
    // An idle connection closes at once, and a handler can learn of the end.
    closed(&mut idle).await;
    assert!(is_last(&mut poll).await);
    closed(&mut poll).await;
    assert!(!one.serving.is_finished(), "a request is in progress");
    one.orders.go.notify_one();
    assert!(is_last(&mut busy).await);
    closed(&mut busy).await;
    let address = one.address;
    one.ended().await;
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert!(!lifecycle.is_stopping());
    assert!(!ask(&mut stays).await);
    drop(stays);
    clean(&lifecycle, running).await;
}

#[tokio::test]
async fn the_accept_queue_of_a_server_that_ends_alone_is_emptied() {
    let (lifecycle, running) = started().await;
    let one = One::start(&lifecycle, anywhere());
    assert!(!ask(&mut one.connect().await).await);
    let mut streams = queued(one.address, 50);
    one.end.notify_one();
    for stream in &mut streams {
        assert!(is_last(stream).await);
        closed(stream).await;
    }
    one.ended().await;
    clean(&lifecycle, running).await;
}

/// The rules of the drain hold for a server that was about to end alone (R18, R20).
#[tokio::test]
async fn a_stop_ends_the_drain_of_a_server_that_ends_alone() {
    let (lifecycle, running) = started().await;
    let one = One::start(&lifecycle, anywhere());
    let mut busy = one.at_work(SLOW).await;
    one.end.notify_one();
    while TcpStream::connect(one.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    lifecycle.shutdown("test");
    let report = running.await.unwrap();
    assert_eq!(report.exit_status(), 70, "{report}");
    assert!(report.to_string().contains("`GET /slow` has no response yet"), "{report}");
    assert!(busy.read_u8().await.is_err());
}

#[tokio::test]
async fn a_server_that_never_ends_alone_ends_with_the_service() {
    let (lifecycle, running) = started().await;
    let one = One::start(&lifecycle, anywhere());
    let mut idle = one.connect().await;
    assert!(!ask(&mut idle).await);
    let mut busy = one.at_work(SLOW).await;
    lifecycle.shutdown("test");
    closed(&mut idle).await;
    one.orders.go.notify_one();
    assert!(is_last(&mut busy).await);
    drop(busy);
    one.ended().await;
    let report = running.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn connections_of_a_server_that_is_dropped_end_with_the_service() {
    let (lifecycle, running) = started().await;
    let one = One::start(&lifecycle, anywhere());
    let mut idle = one.connect().await;
    assert!(!ask(&mut idle).await);
    let mut busy = one.at_work(SLOW).await;
    one.serving.abort();
    while TcpStream::connect(one.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!ask(&mut idle).await);
    lifecycle.shutdown("test");
    closed(&mut idle).await;
    one.orders.go.notify_one();
    assert!(is_last(&mut busy).await);
    drop(busy);
    let report = running.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_server_whose_end_has_come_before_it_serves_serves_its_accept_queue() {
    let (lifecycle, running) = started().await;
    let listener = listen(anywhere());
    let mut early = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    early.write_all(GET).await.unwrap();
    let service = tower::service_fn(|request| answer(Orders::default(), request));
    let server = Server::new(listener).until(std::future::ready(()));
    let serving = lifecycle.spawn(server.serve(service));
    assert!(is_last(&mut early).await);
    drop(early);
    serving.await.unwrap().unwrap();
    clean(&lifecycle, running).await;
}

/// Opens connections with a request. The runtime has only this thread, so no task accepts them meanwhile.
fn queued(address: SocketAddr, number: usize) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = std::net::TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        io::Write::write_all(&mut stream, GET).unwrap();
        stream.set_nonblocking(true).unwrap();
        TcpStream::from_std(stream).unwrap()
    };
    (0..number).map(open).collect()
}

/// Both servers accept from one queue. The old one leaves the queue to the next one, and the last one empties it.
#[cfg(unix)]
#[tokio::test]
async fn the_next_server_of_a_socket_takes_over_its_accept_queue() {
    let (lifecycle, running) = started().await;
    let listener = listen(anywhere());
    let weak = listener.downgrade().unwrap();
    let quick = |server: Server<SocketListener>| server.drain_idle_timeout(Duration::ZERO);
    let mut current = One::start_at(&lifecycle, listener, quick);
    assert!(!ask(&mut current.connect().await).await);
    for _ in 0..3 {
        let next = One::start_at(&lifecycle, weak.upgrade().unwrap(), quick);
        assert_eq!(next.address, current.address);
        let mut streams = queued(current.address, 20);
        current.end.notify_one();
        current.ended().await;
        // The old listener has closed. The kernel never refused nor ignored a client.
        streams.extend(queued(next.address, 20));
        for stream in &mut streams {
            is_last(stream).await;
        }
        current = next;
    }
    let mut streams = queued(current.address, 20);
    lifecycle.shutdown("test");
    for stream in &mut streams {
        assert!(is_last(stream).await, "the last server empties the queue");
    }
    current.ended().await;
    let closed = weak.upgrade().unwrap_err();
    assert_eq!(closed.kind(), io::ErrorKind::NotConnected, "{closed}");
    let report = running.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

/// Servers of one socket that stop at the same instant: one of them empties the queue.
#[cfg(unix)]
#[tokio::test]
async fn of_two_servers_of_a_socket_that_stop_at_once_one_empties_the_queue() {
    let (lifecycle, running) = started().await;
    let listener = listen(anywhere());
    let weak = listener.downgrade().unwrap();
    let one = One::start_at(&lifecycle, listener, |server| server);
    let other = One::start_at(&lifecycle, weak.upgrade().unwrap(), |server| server);
    assert!(!ask(&mut one.connect().await).await);
    let mut streams = queued(one.address, 50);
    lifecycle.shutdown("test");
    for stream in &mut streams {
        assert!(is_last(stream).await);
    }
    drop(streams);
    one.ended().await;
    other.ended().await;
    let report = running.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

/// The file of a Unix socket stays for the next server, and goes with the last one.
#[cfg(unix)]
#[tokio::test]
async fn the_file_of_a_unix_socket_stays_until_its_last_listener_has_closed() {
    let path = std::env::temp_dir().join(format!("lifecycle-weak-{}.sock", std::process::id()));
    let (lifecycle, running) = started().await;
    let listener = lifecycle::net::listen(&format!("unix:{}", path.display())).await.unwrap();
    let weak = listener.downgrade().unwrap();
    let end = Arc::new(Notify::new());
    let serve = |listener: SocketListener, ended: Arc<Notify>| {
        let service = tower::service_fn(|request| answer(Orders::default(), request));
        lifecycle.spawn(Server::new(listener).until(async move { ended.notified().await }).serve(service))
    };
    let old = serve(listener, Arc::clone(&end));
    let next = serve(weak.upgrade().unwrap(), Arc::default());
    end.notify_one();
    old.await.unwrap().unwrap();
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream.write_all(GET).await.unwrap();
    assert_ne!(stream.read(&mut [0; 512]).await.unwrap(), 0);
    drop(stream);
    clean(&lifecycle, running).await;
    next.await.unwrap().unwrap();
    assert!(!path.exists());
}

fn reloads() -> usize {
    if std::env::var_os("LIFECYCLE_SOAK").is_some() { 20 } else { 3 }
}

/// Clients of both kinds, a connection for each request and one for as many as the server allows, go on while listeners
/// are replaced at the same address. No client is reset, and no request is lost.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_that_replaces_a_listener_resets_no_client() {
    let (lifecycle, running) = started().await;
    // A client that does not run for a while on a busy machine is not idle.
    let patient = |server: Server<SocketListener>| server.drain_idle_timeout(Duration::from_secs(2));
    let mut current = One::start_with(&lifecycle, anywhere(), patient);
    let address = current.address;
    let over = Arc::new(std::sync::OnceLock::new());
    let clients: Vec<JoinHandle<usize>> = (0..16)
        .map(|number| {
            let over = Arc::clone(&over);
            tokio::spawn(async move {
                let mut requests = 0;
                while over.get().is_none() {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    let keeps = number % 2 == 0;
                    loop {
                        let last = ask(&mut stream).await;
                        requests += 1;
                        if last || !keeps || over.get().is_some() {
                            break;
                        }
                    }
                }
                requests
            })
        })
        .collect();
    for _ in 0..reloads() {
        let next = One::start_with(&lifecycle, address, patient);
        tokio::time::sleep(Duration::from_millis(50)).await;
        current.end.notify_one();
        current.ended().await;
        current = next;
    }
    over.set(()).unwrap();
    let mut requests = 0;
    for client in clients {
        requests += client.await.expect("each request has an answer");
    }
    assert!(requests > 16 * reloads(), "the clients hardly ran: {requests} requests");
    clean(&lifecycle, running).await;
}
