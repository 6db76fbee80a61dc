//! Probes on a listener of their own: they answer until the end, and never hold up the stop.
#![cfg(feature = "http")]

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use lifecycle::http::{probes, serve, serve_probes};
use lifecycle::{Lifecycle, Report};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A stop that is held up lasts as long as this.
const GRACE: Duration = Duration::from_secs(60);

/// What a scenario gets: a listener for the probes, and one for the service.
struct Doors {
    probes: TcpListener,
    service: TcpListener,
}

/// A service whose stop is at work until `go`, with probes.
struct Service {
    lifecycle: Lifecycle,
    probes: SocketAddr,
    go: Arc<Notify>,
    cleans_up: Arc<Notify>,
    running: JoinHandle<Report>,
}

async fn bound() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

impl Service {
    async fn start<F>(main: impl FnOnce(Doors) -> F + Send + 'static) -> Service
    where
        F: Future<Output = io::Result<()>> + Send,
    {
        let lifecycle = Lifecycle::builder().grace(GRACE).build();
        let ((probes, address), (service, _)) = (bound().await, bound().await);
        let (go, cleans_up) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (running, going, cleaning) = (lifecycle.clone(), Arc::clone(&go), Arc::clone(&cleans_up));
        let running = tokio::spawn(async move {
            let main = async move {
                lifecycle::ready();
                // Work in flight, then a teardown: the probes answer during both.
                let (in_drain, in_cleanup) = (Arc::clone(&going), going);
                lifecycle::spawn(async move { in_drain.notified().await });
                lifecycle::defer("a teardown", async move || {
                    cleaning.notify_one();
                    in_cleanup.notified().await;
                });
                main(Doors { probes, service }).await
            };
            running.run(main).await
        });
        let service = Service { lifecycle, probes: address, go, cleans_up, running };
        service.says(200, 200).await;
        service
    }

    async fn says(&self, live: u16, ready: u16) {
        for (path, status) in [("livez", live), ("readyz", ready)] {
            assert_eq!(ask(self.probes, path).await.unwrap(), status, "{path}");
        }
    }

    /// Stops the service, and requires that the probes answer while work is in flight, and that nothing is cut off or
    /// waits for the end of `GRACE`.
    async fn stops(self) {
        self.lifecycle.shutdown("test");
        self.lifecycle.draining().await;
        self.says(200, 503).await;
        // Time for a future that would end too early.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.says(200, 503).await;
        self.go.notify_one();
        let held_up = "the probes hold up the stop";
        tokio::time::timeout(GRACE / 4, self.cleans_up.notified()).await.expect(held_up);
        self.says(200, 503).await;
        self.go.notify_one();
        let report = tokio::time::timeout(GRACE / 4, self.running).await.expect(held_up).unwrap();
        assert!(report.is_clean(), "{report}");
        while ask(self.probes, "livez").await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

/// Asks a probe, and returns the status.
async fn ask(address: SocketAddr, path: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET /{path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(status.parse().expect("a status"))
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

async fn serve_hello(service: TcpListener) -> io::Result<()> {
    serve(service, hyper::service::service_fn(hello)).await
}

#[tokio::test]
async fn probes_of_an_essential_task_hold_nothing_up() {
    let service = Service::start(async |doors: Doors| {
        lifecycle::spawn_essential("admin", serve_probes(doors.probes));
        serve_hello(doors.service).await
    });
    service.await.stops().await;
}

#[tokio::test]
async fn probes_of_a_tracked_task_hold_nothing_up() {
    let service = Service::start(async |doors: Doors| {
        lifecycle::spawn(serve_probes(doors.probes));
        serve_hello(doors.service).await
    });
    service.await.stops().await;
}

#[tokio::test]
async fn probes_of_a_plain_task_hold_nothing_up() {
    let service = Service::start(async |doors: Doors| {
        tokio::spawn(serve_probes(doors.probes));
        serve_hello(doors.service).await
    });
    service.await.stops().await;
}

#[tokio::test]
async fn a_main_that_waits_for_the_task_of_its_probes_is_not_held_up() {
    for spawn in
        [|probes| lifecycle::spawn(serve_probes(probes)), |probes| tokio::spawn(serve_probes(probes))]
    {
        let service = Service::start(async move |doors: Doors| {
            let probes = spawn(doors.probes);
            serve_hello(doors.service).await?;
            probes.await?
        });
        service.await.stops().await;
    }
}

#[tokio::test]
async fn a_main_that_is_only_its_probes_is_not_held_up() {
    let service = Service::start(async |doors: Doors| serve_probes(doors.probes).await);
    service.await.stops().await;
}

#[tokio::test]
async fn probes_that_main_joins_to_its_server_hold_nothing_up() {
    let service = Service::start(async |doors: Doors| {
        tokio::try_join!(serve_hello(doors.service), serve_probes(doors.probes)).map(drop)
    });
    service.await.stops().await;
    let service = Service::start(async |doors: Doors| {
        let (served, answered) = tokio::join!(serve_probes(doors.probes), serve_hello(doors.service));
        served.and(answered)
    });
    service.await.stops().await;
}

#[tokio::test]
async fn probes_in_a_tracked_task_with_a_server_hold_nothing_up() {
    let service = Service::start(async |doors: Doors| {
        lifecycle::spawn(async {
            tokio::try_join!(serve_hello(doors.service), serve_probes(doors.probes)).map(drop)
        });
        lifecycle::stopping().await;
        Ok(())
    });
    service.await.stops().await;
}

#[tokio::test]
async fn several_servers_of_probes_do_not_wait_for_each_other() {
    let (second, _) = bound().await;
    let service = Service::start(async |doors: Doors| {
        lifecycle::spawn_essential("admin", serve_probes(doors.probes));
        lifecycle::spawn(serve_probes(second));
        tokio::try_join!(serve_probes(doors.service), serve_probes(bound().await.0)).map(drop)
    });
    service.await.stops().await;
}

/// The branch of the server ends first, although the probes end when nothing else is in flight.
#[tokio::test]
async fn a_select_of_probes_and_a_server_ends_with_the_server() {
    let lifecycle = Lifecycle::builder().grace(GRACE).build();
    let ((probes, address), (service, at)) = (bound().await, bound().await);
    let (go, reached) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (going, reaching) = (Arc::clone(&go), Arc::clone(&reached));
    let slow = tower::service_fn(move |_: Request<Incoming>| {
        let (go, reached) = (Arc::clone(&going), Arc::clone(&reaching));
        async move {
            reached.notify_one();
            go.notified().await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
        }
    });
    let running = tokio::spawn({
        let lifecycle = lifecycle.clone();
        async move {
            let main = async {
                tokio::select! {
                    served = serve(service, slow) => served.map(|()| "the server"),
                    answered = serve_probes(probes) => answered.map(|()| "the probes"),
                }
            };
            Box::pin(lifecycle.run(async { assert_eq!(main.await.unwrap(), "the server") })).await
        }
    });
    let busy = tokio::spawn(ask(at, "slow"));
    reached.notified().await;
    lifecycle.shutdown("test");
    lifecycle.draining().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ask(address, "readyz").await.unwrap(), 503);
    go.notify_one();
    assert_eq!(busy.await.unwrap().unwrap(), 200);
    let report = tokio::time::timeout(GRACE / 4, running).await.expect("it is held up").unwrap();
    assert!(report.is_clean(), "{report}");
}

/// An HTTP server with only the routes of probes is a server as any other: it ends in the drain, and holds nothing up.
#[tokio::test]
async fn a_server_with_only_probes_holds_nothing_up() {
    let lifecycle = Lifecycle::builder().grace(GRACE).build();
    let (listener, address) = bound().await;
    let running = tokio::spawn({
        let lifecycle = lifecycle.clone();
        let main = async { lifecycle::spawn_essential("admin", serve(listener, probes())).await };
        async move { lifecycle.run(main).await }
    });
    // A balancer keeps its connection open.
    let mut kept = TcpStream::connect(address).await.unwrap();
    kept.write_all(b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    kept.read_u8().await.unwrap();
    lifecycle.shutdown("test");
    let report = tokio::time::timeout(GRACE / 4, running).await.expect("it is held up").unwrap();
    assert!(report.is_clean(), "{report}");
}

/// The drain waits for every other task (R16), also for one that is polled on the same thread right after the probes.
#[tokio::test]
async fn a_task_that_steps_aside_takes_no_other_task_with_it() {
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    let service = Service::start(async move |doors: Doors| {
        lifecycle::spawn_essential("admin", serve_probes(doors.probes));
        lifecycle::spawn(async move {
            lifecycle::draining().await;
            released.notified().await;
        });
        serve_hello(doors.service).await
    })
    .await;
    service.lifecycle.shutdown("test");
    service.lifecycle.draining().await;
    service.go.notify_one();
    let early = tokio::time::timeout(Duration::from_millis(200), service.cleans_up.notified()).await;
    assert!(early.is_err(), "the drain did not wait for the task");
    release.notify_one();
    service.cleans_up.notified().await;
    service.go.notify_one();
    let report = service.running.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn an_essential_server_of_probes_whose_listener_fails_stops_the_service() {
    struct Broken;
    impl lifecycle::net::Listener for Broken {
        type Io = TcpStream;

        fn poll_accept(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<io::Result<(TcpStream, lifecycle::net::Peer)>> {
            std::task::Poll::Ready(Err(io::Error::from_raw_os_error(libc::EINVAL)))
        }

        fn address(&self) -> String {
            "broken".to_owned()
        }
    }
    let lifecycle = Lifecycle::builder().grace(GRACE).build();
    let report = lifecycle
        .run(async {
            lifecycle::spawn_essential("admin", serve_probes(Broken));
            lifecycle::stopping().await;
        })
        .await;
    assert_eq!(report.exit_status(), 1, "{report}");
    assert!(report.to_string().contains("admin"), "{report}");
}

#[tokio::test]
async fn probes_whose_future_is_dropped_close_their_listener() {
    let lifecycle = Lifecycle::builder().grace(GRACE).build();
    let (listener, address) = bound().await;
    let report = lifecycle
        .run(async {
            let probes = tokio::spawn(serve_probes(listener));
            assert_eq!(ask(address, "livez").await.unwrap(), 200);
            probes.abort();
            while ask(address, "livez").await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    assert!(report.is_clean(), "{report}");
}
