//! `net::serve` over real sockets, in this process. The tests check how one stop affects one connection (R18).
#![cfg(feature = "net")]

use std::future::pending;
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lifecycle::net::{Connection, Listener, Peer, Server};
use lifecycle::{Lifecycle, Report};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, ReadBuf,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Longer than every test: a server that ends within it was not ended by its grace.
const LONG: Duration = Duration::from_secs(1_200);
/// The longest time that a test waits.
const PATIENCE: Duration = Duration::from_secs(30);

struct Service {
    address: SocketAddr,
    lifecycle: Lifecycle,
    running: JoinHandle<Report>,
}

impl Service {
    async fn start<H, F>(handler: H) -> Service
    where
        H: Fn(Connection<TcpStream>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Service::with(LONG, |server| server, handler).await
    }

    async fn with<H, F>(
        grace: Duration,
        configure: impl FnOnce(Server<TcpListener>) -> Server<TcpListener>,
        handler: H,
    ) -> Service
    where
        H: Fn(Connection<TcpStream>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let lifecycle = Lifecycle::builder().grace(grace).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = configure(Server::new(listener));
        let running = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { lifecycle.run(server.serve(move |connection, _| handler(connection))).await }
        });
        Service { address, lifecycle, running }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Opens a connection, and uses it once.
    async fn connect_and_use(&self) -> TcpStream {
        let mut client = self.connect().await;
        say(&mut client, "hello\n").await;
        hears(&mut client, "hello\n").await;
        client
    }

    fn stop(&self) {
        self.lifecycle.shutdown("test");
    }

    async fn report(self) -> Report {
        soon("the end of the server", self.running).await.unwrap()
    }

    /// Waits for the end of the server, which has nothing to report.
    async fn ends_clean(self) {
        let report = self.report().await;
        assert!(report.is_clean() && report.notes.is_empty(), "{report}");
    }
}

async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(PATIENCE, future).await else { panic!("{what} did not happen") };
    output
}

async fn say(client: &mut TcpStream, words: &str) {
    client.write_all(words.as_bytes()).await.unwrap();
}

async fn hears(client: &mut TcpStream, words: &str) {
    let mut heard = vec![0; words.len()];
    soon(words, client.read_exact(&mut heard)).await.unwrap_or_else(|error| panic!("{error}: {words}"));
    assert_eq!(String::from_utf8_lossy(&heard), words);
}

/// Waits for the end of the server's side, without a reset.
async fn is_closed(client: &mut TcpStream) {
    let read = soon("the end of the connection", client.read(&mut [0; 1])).await;
    assert_eq!(read.map_err(|error| error.kind()), Ok(0));
}

/// The loop of the documentation. Gives the error with which the connection ended.
async fn echo<I>(connection: Connection<I>) -> std::io::Result<()>
where
    Connection<I>: AsyncRead + AsyncWrite + Unpin,
{
    let mut lines = BufReader::new(connection);
    let mut line = String::new();
    loop {
        lines.get_ref().mark_idle(lines.buffer());
        line.clear();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        lines.write_all(line.as_bytes()).await?;
    }
}

async fn polite(connection: Connection<TcpStream>) {
    let _ = echo(connection).await;
}

#[tokio::test]
async fn idle_clients_that_never_close_do_not_hold_up_the_stop() {
    let service = Service::start(polite).await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(service.connect_and_use().await);
    }
    service.stop();
    for client in &mut clients {
        is_closed(client).await;
    }
    service.ends_clean().await;
}

#[tokio::test]
async fn lines_that_have_arrived_are_answered() {
    let service = Service::start(polite).await;
    let mut clients = Vec::new();
    for words in ["a\n", "a\nb\nc\n\n"] {
        // The runtime has only this thread, so that the server cannot read these lines before the stop.
        let client = service.connect_and_use().await.into_std().unwrap();
        (&client).write_all(words.as_bytes()).unwrap();
        clients.push((TcpStream::from_std(client).unwrap(), words));
    }
    service.stop();
    for (client, words) in &mut clients {
        hears(client, words).await;
        is_closed(client).await;
    }
    service.ends_clean().await;
}

#[tokio::test]
async fn bytes_that_only_the_kernel_knows_are_read_before_an_idle_connection_ends() {
    let service = Service::start(polite).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(service.connect_and_use().await);
    }
    // Longer than an idle connection stays open after an answer.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let mut clients: Vec<_> = clients.into_iter().map(|client| client.into_std().unwrap()).collect();
    for client in &mut clients {
        client.write_all(b"just in time\n").unwrap();
    }
    // The runtime has only this thread, and has not reported these bytes.
    service.stop();
    for client in clients {
        let mut client = TcpStream::from_std(client).unwrap();
        hears(&mut client, "just in time\n").await;
        is_closed(&mut client).await;
    }
    service.ends_clean().await;
}

#[tokio::test]
async fn clients_in_the_queue_are_served_and_a_silent_one_is_not_waited_for() {
    let service = Service::start(polite).await;
    drop(service.connect_and_use().await);
    let mut clients = Vec::new();
    for _ in 0..40 {
        // The runtime has only this thread, so that nobody accepts in this loop.
        let mut client = std::net::TcpStream::connect(service.address).unwrap();
        client.write_all(b"hello\n").unwrap();
        client.set_nonblocking(true).unwrap();
        clients.push(TcpStream::from_std(client).unwrap());
    }
    let silent = std::net::TcpStream::connect(service.address).unwrap();
    service.stop();
    for client in &mut clients {
        hears(client, "hello\n").await;
        is_closed(client).await;
    }
    silent.set_nonblocking(true).unwrap();
    is_closed(&mut TcpStream::from_std(silent).unwrap()).await;
    service.ends_clean().await;
}

#[tokio::test]
async fn a_first_byte_that_comes_within_100_ms_of_the_drain_is_served() {
    let service = Service::start(polite).await;
    drop(service.connect_and_use().await);
    let mut late = std::net::TcpStream::connect(service.address).unwrap();
    service.stop();
    service.lifecycle.draining().await;
    late.write_all(b"hello\n").unwrap();
    late.set_nonblocking(true).unwrap();
    let mut late = TcpStream::from_std(late).unwrap();
    hears(&mut late, "hello\n").await;
    is_closed(&mut late).await;
    service.ends_clean().await;
}

#[tokio::test]
async fn the_rest_of_a_request_is_waited_for() {
    let service = Service::start(polite).await;
    // The second one has half a request behind a whole one, in the same packet.
    let mut clients = [service.connect_and_use().await, service.connect_and_use().await];
    say(&mut clients[0], "he").await;
    say(&mut clients[1], "one\nhe").await;
    hears(&mut clients[1], "one\n").await;
    service.stop();
    service.lifecycle.draining().await;
    // Longer than an idle connection has, and shorter than half a request.
    tokio::time::sleep(Duration::from_millis(400)).await;
    for client in &mut clients {
        say(client, "llo\n").await;
        hears(client, "hello\n").await;
        is_closed(client).await;
    }
    service.ends_clean().await;
}

#[tokio::test]
async fn half_a_request_is_an_error_after_a_second_and_is_noted() {
    let (told, ended) = tokio::sync::mpsc::unbounded_channel();
    let mut ended = {
        let ended = ended;
        ended
    };
    let service = Service::start(move |connection| {
        let told = told.clone();
        async move { told.send(echo(connection).await.map_err(|error| error.kind())).unwrap() }
    })
    .await;
    let mut client = service.connect().await;
    say(&mut client, "hello\nhalf a").await;
    hears(&mut client, "hello\n").await;
    let begun = Instant::now();
    service.stop();
    is_closed(&mut client).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(ended.recv().await, Some(Err(ErrorKind::ConnectionAborted)));
    let report = service.report().await;
    let notes = report.notes.join("\n");
    assert!(report.is_clean() && notes.contains("a connection was closed with half a request"), "{report}");
}

#[tokio::test]
async fn a_client_that_is_never_quiet_ends_between_two_requests() {
    let service = Service::start(polite).await;
    let mut client = service.connect_and_use().await;
    service.stop();
    let mut answered = 0_u64;
    // Looks before each request whether the server has closed.
    while client.try_read(&mut [0; 1]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
        say(&mut client, "again\n").await;
        hears(&mut client, "again\n").await;
        answered += 1;
    }
    assert!(answered > 1);
    drop(client);
    service.ends_clean().await;
}

#[tokio::test]
async fn a_handler_that_never_marks_is_cut_at_the_end_and_the_report_says_what_to_call() {
    let handler = |mut connection: Connection<TcpStream>| async move {
        let mut space = [0; 64];
        while let Ok(length @ 1..) = connection.read(&mut space).await {
            connection.write_all(&space[..length]).await.unwrap();
        }
    };
    let service = Service::with(Duration::from_secs(1), |server| server, handler).await;
    let client = service.connect_and_use().await;
    service.stop();
    let report = service.report().await;
    assert!(report.to_string().contains("has never called `mark_idle`"), "{report}");
    drop(client);
}

#[tokio::test]
async fn a_busy_connection_is_read_on_until_a_marker_says_that_it_is_idle() {
    let (go, ended) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let service = Service::start({
        let (go, ended) = (Arc::clone(&go), Arc::clone(&ended));
        move |connection| {
            let (go, ended) = (Arc::clone(&go), Arc::clone(&ended));
            async move {
                connection.mark_idle(&[]);
                let marker = connection.marker();
                let (mut read, mut write) = tokio::io::split(connection);
                let mut request = [0; 5];
                read.read_exact(&mut request).await.unwrap();
                marker.mark_busy();
                // In another task, so that only the mark can wake it.
                let watching = tokio::spawn(async move {
                    let length = read.read(&mut [0; 1]).await;
                    ended.fetch_add(1, Ordering::Relaxed);
                    length
                });
                go.notified().await;
                write.write_all(&request).await.unwrap();
                marker.mark_idle(&[]);
                assert_eq!(watching.await.unwrap().unwrap(), 0);
            }
        }
    })
    .await;
    let mut client = service.connect().await;
    say(&mut client, "think").await;
    service.stop();
    service.lifecycle.draining().await;
    // Longer than any wait for a connection that is not busy.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(ended.load(Ordering::Relaxed), 0);
    go.notify_one();
    hears(&mut client, "think").await;
    is_closed(&mut client).await;
    service.ends_clean().await;
}

/// Answers one line, and leaves the rest unread.
async fn answer_once(mut connection: Connection<TcpStream>, answer: &[u8]) {
    assert!(connection.read(&mut [0; 16]).await.is_ok_and(|length| length > 0));
    connection.write_all(answer).await.unwrap();
}

#[tokio::test]
async fn bytes_that_nobody_reads_reset_no_answer() {
    let service =
        Service::start(|connection| async { answer_once(connection, &[b'x'; 100_000]).await }).await;
    for stops in [false, true] {
        let mut client = service.connect().await;
        let begun = Instant::now();
        client.write_all(&vec![b'?'; 300_000]).await.unwrap();
        if stops {
            service.stop();
        }
        // A reset would have arrived by now.
        tokio::time::sleep_until(begun + Duration::from_millis(50)).await;
        let mut heard = Vec::new();
        soon("the answer", client.read_to_end(&mut heard)).await.unwrap();
        assert_eq!(heard.len(), 100_000);
    }
    service.ends_clean().await;
}

#[tokio::test]
async fn a_client_that_sends_while_it_reads_slowly_receives_the_whole_answer() {
    let length = 3_000_000;
    let service =
        Service::start(move |connection| async move { answer_once(connection, &vec![b'x'; length]).await })
            .await;
    let mut client = service.connect().await;
    say(&mut client, "all of it").await;
    // The stop finds bytes in every buffer on the way.
    let mut heard = 0;
    let mut space = vec![0; 64 * 1024];
    while heard < length {
        if heard > length / 4 {
            service.stop();
        }
        let read = soon("the next bytes", client.read(&mut space)).await.unwrap();
        assert_ne!(read, 0, "after {heard} bytes");
        heard += read;
        let _ = client.try_write(b"?");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    is_closed(&mut client).await;
    drop(client);
    service.ends_clean().await;
}

#[tokio::test]
async fn a_client_that_never_closes_is_waited_for_100_ms() {
    let service = Service::start(|connection| async { answer_once(connection, b"bye").await }).await;
    let mut client = service.connect().await;
    say(&mut client, "hello").await;
    hears(&mut client, "bye").await;
    is_closed(&mut client).await;
    service.stop();
    // The client is open until here.
    service.ends_clean().await;
    drop(client);
}

#[tokio::test]
async fn a_client_that_never_reads_holds_up_the_stop_for_a_second() {
    let written = Arc::new(Notify::new());
    let wrote = Arc::clone(&written);
    let service = Service::start(move |mut connection| {
        let written = Arc::clone(&written);
        async move {
            assert!(connection.read(&mut [0; 16]).await.is_ok_and(|length| length > 0));
            // As much as the kernel takes.
            while let Ok(Ok(_)) =
                tokio::time::timeout(Duration::from_millis(50), connection.write(&[b'x'; 65_536])).await
            {
            }
            written.notify_one();
        }
    })
    .await;
    let mut client = service.connect().await;
    say(&mut client, "hello").await;
    wrote.notified().await;
    service.stop();
    service.ends_clean().await;
    drop(client);
}

#[tokio::test]
async fn a_client_that_has_closed_its_sending_side_receives_every_answer() {
    let service = Service::start(polite).await;
    let mut client = service.connect().await;
    say(&mut client, "a\nb\nc\n").await;
    client.shutdown().await.unwrap();
    service.stop();
    hears(&mut client, "a\nb\nc\n").await;
    is_closed(&mut client).await;
    service.ends_clean().await;
}

#[tokio::test]
async fn answers_of_a_handler_that_panics_arrive() {
    let service = Service::start(|mut connection| async move {
        assert!(connection.read(&mut [0; 2]).await.is_ok_and(|length| length > 0));
        connection.write_all(b"last words").await.unwrap();
        panic!("as this test wants");
    })
    .await;
    let mut client = service.connect().await;
    say(&mut client, "hello, and more than the handler reads").await;
    let mut heard = String::new();
    soon("the answer", client.read_to_string(&mut heard)).await.unwrap();
    assert_eq!(heard, "last words");
    service.stop();
    assert_eq!(service.report().await.exit_status(), 0);
}

#[tokio::test]
async fn a_connection_is_in_flight_until_its_stream_is_dropped_too() {
    let (go, dropped) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let service = Service::start({
        let (go, dropped) = (Arc::clone(&go), Arc::clone(&dropped));
        move |mut connection| {
            let (go, dropped) = (Arc::clone(&go), Arc::clone(&dropped));
            async move {
                // The handler returns, and its stream lives on in a task that nobody tracks, then in a plain thread.
                tokio::spawn(async move {
                    go.notified().await;
                    connection.write_all(b"later").await.unwrap();
                    let thread = std::thread::spawn(move || {
                        dropped.fetch_add(1, Ordering::Relaxed);
                        drop(connection);
                    });
                    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
                });
            }
        }
    })
    .await;
    let mut client = service.connect().await;
    say(&mut client, "hello").await;
    service.stop();
    service.lifecycle.draining().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!service.running.is_finished());
    go.notify_one();
    hears(&mut client, "later").await;
    is_closed(&mut client).await;
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    service.ends_clean().await;
}

/// Counts the handlers that run at once.
struct Counted(Arc<(AtomicUsize, AtomicUsize)>);

impl Counted {
    fn enter(counts: &Arc<(AtomicUsize, AtomicUsize)>) -> Counted {
        let now = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
        counts.1.fetch_max(now, Ordering::SeqCst);
        Counted(Arc::clone(counts))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn clients_beyond_the_limit_wait_for_a_place_and_the_drain_serves_them_all() {
    let counts = Arc::default();
    let handler = {
        let counts = Arc::clone(&counts);
        move |connection| {
            let counted = Counted::enter(&counts);
            async move {
                polite(connection).await;
                drop(counted);
            }
        }
    };
    let service = Service::with(LONG, |server| server.max_connections(3), handler).await;
    let mut places =
        [service.connect_and_use().await, service.connect_and_use().await, service.connect_and_use().await];
    // A client without a place is connected, and has no answer before a place is free.
    let mut next = service.connect().await;
    say(&mut next, "hello\n").await;
    for place in &mut places {
        say(place, "still here\n").await;
        hears(place, "still here\n").await;
    }
    assert!(next.try_read(&mut [0; 1]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    let [first, ..] = places;
    drop(first);
    hears(&mut next, "hello\n").await;
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut client = service.connect().await;
        say(&mut client, "hello\n").await;
        waiting.push(client);
    }
    service.stop();
    for client in &mut waiting {
        hears(client, "hello\n").await;
        is_closed(client).await;
    }
    drop((next, waiting));
    service.ends_clean().await;
    assert_eq!(counts.1.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn clients_that_never_had_a_place_are_noted() {
    let handler = |connection: Connection<TcpStream>| async move {
        pending::<()>().await;
        drop(connection);
    };
    let service = Service::with(Duration::from_secs(1), |server| server.max_connections(1), handler).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(service.connect().await);
    }
    // The first one has its place.
    tokio::task::yield_now().await;
    service.stop();
    let report = service.report().await;
    assert!(
        report
            .to_string()
            .contains("2 connections were closed before `max_connections` had a place for them"),
        "{report}"
    );
}

/// A stream of which the server does not know that it is a socket.
struct Opaque(TcpStream);

impl AsyncRead for Opaque {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Opaque {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

struct OpaqueListener(TcpListener);

impl Listener for OpaqueListener {
    type Io = Opaque;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<(Opaque, Peer)>> {
        let (stream, address) = ready!(self.0.poll_accept(cx))?;
        Poll::Ready(Ok((Opaque(stream), Peer::Ip(address))))
    }

    fn address(&self) -> String {
        "an opaque listener".to_owned()
    }
}

#[tokio::test]
async fn a_stream_of_the_users_own_ends_in_the_same_way() {
    let lifecycle = Lifecycle::builder().grace(LONG).build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = lifecycle::net::serve(OpaqueListener(listener), |connection, _| async move {
        let _ = echo(connection).await;
    });
    let running = tokio::spawn({
        let lifecycle = lifecycle.clone();
        async move { lifecycle.run(served).await }
    });
    let service = Service { address, lifecycle, running };
    let (mut idle, mut busy) = (service.connect_and_use().await, service.connect_and_use().await);
    // Longer than an idle connection stays open after an answer.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let late = busy.into_std().unwrap();
    (&late).write_all(b"just in time\n").unwrap();
    service.stop();
    busy = TcpStream::from_std(late).unwrap();
    hears(&mut busy, "just in time\n").await;
    is_closed(&mut busy).await;
    is_closed(&mut idle).await;
    service.ends_clean().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_ends_in_the_same_way() {
    let path = std::env::temp_dir().join(format!("lifecycle-net-{}.socket", std::process::id()));
    let lifecycle = Lifecycle::builder().grace(LONG).build();
    let listener = lifecycle::net::listen(&format!("unix:{}", path.display())).await.unwrap();
    let served = lifecycle::net::serve(listener, |connection, _| async move {
        let _ = echo(connection).await;
    });
    let running = tokio::spawn({
        let lifecycle = lifecycle.clone();
        async move { lifecycle.run(served).await }
    });
    let mut clients = Vec::new();
    for words in ["one\n", "one\ntwo\n"] {
        let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
        client.write_all(words.as_bytes()).await.unwrap();
        clients.push((client, words));
    }
    lifecycle.shutdown("test");
    for (client, words) in &mut clients {
        let mut heard = String::new();
        soon("the answers", client.read_to_string(&mut heard)).await.unwrap();
        assert_eq!(heard, *words);
    }
    let report = soon("the end of the server", running).await.unwrap();
    assert!(report.is_clean() && report.notes.is_empty(), "{report}");
    assert!(!path.exists());
}
