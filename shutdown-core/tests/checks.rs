//! R30: the readiness checks of the managed instances, over real sockets.
#![cfg(feature = "http")]

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use lifecycle::http::serve_probes;
use lifecycle::{FactKind, Lifecycle, Managed, Report, Teardown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
/// The promise of the probe.
const LIMIT: Duration = Duration::from_millis(1_100);
/// How long an answer may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(6);

/// How long a check blocks its thread. The runtime of the test waits for the thread.
const BLOCKED_FOR: Duration = Duration::from_millis(2_300);

/// What a check does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Succeeds,
    SaysFalse,
    Fails,
    Panics,
    Hangs,
    /// Answers after 10 s.
    IsSlow,
    /// Blocks its thread.
    Blocks,
}

struct Shared {
    does: Mutex<Does>,
    asked: AtomicUsize,
    /// The number of questions when the teardown began.
    asked_at_teardown: AtomicUsize,
}

impl Shared {
    fn new(does: Does) -> Arc<Shared> {
        let (asked, asked_at_teardown) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        Arc::new(Shared { does: Mutex::new(does), asked, asked_at_teardown })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn now_does(&self, does: Does) {
        *self.does.lock().expect("what it does") = does;
    }
}

#[lifecycle::resource(ready = ping, timeout = "1s")]
struct Database(Arc<Shared>);

impl Database {
    async fn ping(&self) -> Result<bool, String> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let does = *self.0.does.lock().expect("what it does");
        match does {
            Does::Succeeds => Ok(true),
            Does::SaysFalse => Ok(false),
            Does::Fails => Err("connection refused".to_owned()),
            Does::Panics => panic!("no such server"),
            Does::Hangs => pending().await,
            Does::IsSlow => {
                sleep(10 * SECOND).await;
                Ok(true)
            }
            Does::Blocks => {
                std::thread::sleep(BLOCKED_FOR);
                Ok(true)
            }
        }
    }
}

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {
        self.0.asked_at_teardown.store(self.0.asked(), Ordering::SeqCst);
    }
}

fn manage(name: &'static str, does: Does) -> (Managed<Database>, Arc<Shared>) {
    let shared = Shared::new(does);
    (lifecycle::manage_as(name, Database(Arc::clone(&shared))), shared)
}

/// A response, and the time that it took.
struct Answer {
    status: u16,
    body: String,
    took: Duration,
}

/// Waits until the check has begun.
async fn until_asked(shared: &Shared) {
    while shared.asked() == 0 {
        tokio::task::yield_now().await;
    }
}

async fn ask(address: SocketAddr, path: &str) -> Answer {
    let began = Instant::now();
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await.expect("an answer").expect("a connection");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    Answer { status, body: body.to_owned(), took: began.elapsed() }
}

/// Runs `test` in a service with probes.
async fn with_probes<F: Future<Output = ()>>(test: impl FnOnce(SocketAddr) -> F) -> Report {
    run(Lifecycle::builder().grace(10 * SECOND), test).await
}

async fn run<F: Future<Output = ()>>(
    builder: lifecycle::Builder,
    test: impl FnOnce(SocketAddr) -> F,
) -> Report {
    let main = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve_probes(listener));
        lifecycle::ready();
        test(address).await;
    };
    builder.run(main).await
}

/// Two attempts, because the machine may be busy: a probe that waited for the check itself would take longer each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readyz_answers_within_its_limit_and_livez_does_not_wait_whatever_a_check_does() {
    let cases = [Does::Hangs, Does::Panics, Does::IsSlow, Does::Blocks, Does::Fails, Does::SaysFalse];
    join_all(cases.map(async |does| {
        let report = with_probes(async |address| {
            // More checks than workers, so that one that blocks would take all of them.
            let (_database, shared) = manage("database", does);
            let _more = [manage("orders", does), manage("cache", does)];
            let mut fastest = Duration::MAX;
            for _ in 0..2 {
                let asked_while_it_waits = async {
                    until_asked(&shared).await;
                    ask(address, "/livez").await
                };
                let (ready, live) = tokio::join!(ask(address, "/readyz"), asked_while_it_waits);
                assert_eq!((ready.status, live.status), (503, 200), "{does:?}");
                assert!(ready.took < SECOND / 2 || live.took < ready.took, "{does:?}: {:?}", live.took);
                fastest = fastest.min(ready.took);
            }
            assert!(fastest < LIMIT, "{does:?}: {fastest:?}");
        })
        .await;
        assert_eq!(report.exit_status(), 0, "{does:?}: {report}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_probes_a_second_ask_an_instance_once_a_second() {
    let cases = [(Does::Succeeds, 1_000), (Does::Fails, 1_000), (Does::Hangs, 16)];
    join_all(cases.map(async |(does, probes)| {
        let report = with_probes(async |address| {
            let (_database, shared) = manage("database", does);
            let began = Instant::now();
            join_all((0..8).map(async |_| {
                let mut left = probes / 8;
                while left > 0 || began.elapsed() < 2 * SECOND {
                    ask(address, "/readyz").await;
                    left = usize::saturating_sub(left, 1);
                }
            }))
            .await;
            let seconds = usize::try_from(began.elapsed().as_secs()).expect("it is short");
            let asked = shared.asked();
            assert!((2..=seconds + 1).contains(&asked), "{does:?}: {asked} questions in {seconds} s");
        })
        .await;
        assert_eq!(report.exit_status(), 0, "{report}");
    }))
    .await;
}

/// A check that blocks is not asked again before it has ended, so that it takes one thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_blocks_its_thread_takes_no_second_one() {
    let report = with_probes(async |address| {
        let (_database, shared) = manage("database", Does::Blocks);
        let began = Instant::now();
        while began.elapsed() < 2 * SECOND {
            assert_eq!(ask(address, "/readyz?verbose").await.status, 503);
        }
        assert_eq!(shared.asked(), 1);
    })
    .await;
    assert_eq!(report.exit_status(), 0, "{report}");
}

#[tokio::test]
async fn verbose_names_each_instance_and_the_reason() {
    let report = with_probes(async |address| {
        let instances: Vec<_> = [
            ("database", Does::Succeeds),
            ("orders", Does::Fails),
            ("cache", Does::SaysFalse),
            ("search", Does::Panics),
            ("mail", Does::Hangs),
        ]
        .map(|(name, does)| manage(name, does))
        .into();
        let answer = ask(address, "/readyz?verbose").await;
        let expected = "[+]database ok\n\
                        [-]orders failed: connection refused\n\
                        [-]cache failed: the check returned `false`\n\
                        [-]search failed: the check panicked: no such server\n\
                        [-]mail failed: no answer within 1 s\n\
                        readyz check failed\n";
        assert_eq!((answer.status, &*answer.body), (503, expected));
        assert_eq!(ask(address, "/readyz").await.body, "not ready\n");
        // All were asked at once.
        assert!(answer.took < 2 * SECOND, "{:?}", answer.took);
        for (_, shared) in &instances {
            shared.now_does(Does::Succeeds);
        }
        sleep(SECOND).await;
        let answer = ask(address, "/readyz?verbose").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.ends_with("[+]mail ok\nreadyz check passed\n"), "{}", answer.body);
        assert_eq!(ask(address, "/readyz").await.body, "ready\n");
    })
    .await;
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// An instance that was replaced, such as a pool, does not keep the service from being ready.
#[tokio::test]
async fn an_instance_that_is_released_leaves_the_readiness() {
    let report = with_probes(async |address| {
        let (old, shared) = manage("old", Does::Hangs);
        // The probe waits for the answer when the instance leaves.
        let probing = tokio::spawn(async move { ask(address, "/readyz?verbose").await });
        until_asked(&shared).await;
        let (_new, _) = manage("new", Does::Succeeds);
        old.release().await.expect("a teardown");
        let answer = probing.await.expect("no panic");
        assert_eq!((answer.status, &*answer.body), (200, "readyz check passed\n"));
        assert!(answer.took < SECOND, "{:?}", answer.took);
        let answer = ask(address, "/readyz?verbose").await;
        assert_eq!((answer.status, &*answer.body), (200, "[+]new ok\nreadyz check passed\n"));
        sleep(SECOND).await;
        ask(address, "/readyz").await;
        assert_eq!(shared.asked(), 1);
    })
    .await;
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// The teardown neither waits for a check that hangs, nor is the instance asked during or after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_instance_is_asked_in_the_stop_and_no_check_holds_a_teardown_up() {
    join_all([Does::Hangs, Does::Blocks, Does::Succeeds].map(async |does| {
        let shared = Shared::new(does);
        let inside = Arc::clone(&shared);
        let report = with_probes(async |address| {
            lifecycle::manage(Database(Arc::clone(&inside)));
            lifecycle::Deferred::new("probe in the flush").last().run(async move || {
                for _ in 0..10 {
                    ask(address, "/readyz?verbose").await;
                }
            });
            tokio::spawn(async move { ask(address, "/readyz").await });
            until_asked(&inside).await;
            lifecycle::shutdown("the test");
            let answer = ask(address, "/readyz?verbose").await;
            assert_eq!(
                (answer.status, &*answer.body),
                (503, "[-]shutdown failed: the service is stopping\nreadyz check failed\n")
            );
        })
        .await;
        assert!(report.is_clean() && report.took < 2 * SECOND, "{does:?}: {report}");
        assert_eq!((shared.asked(), shared.asked_at_teardown.load(Ordering::SeqCst)), (1, 1), "{does:?}");
    }))
    .await;
}

/// A probe that waits for a check is answered at the notice, and not a second later.
#[tokio::test]
async fn a_waiting_probe_hears_the_notice() {
    let report = with_probes(async |address| {
        let (_database, shared) = manage("database", Does::Hangs);
        let probing = tokio::spawn(async move { ask(address, "/readyz").await });
        until_asked(&shared).await;
        lifecycle::shutdown("the test");
        let answer = probing.await.expect("no panic");
        assert_eq!((answer.status, &*answer.body), (503, "stopping\n"));
        assert!(answer.took < SECOND, "{:?}", answer.took);
    })
    .await;
    assert_eq!(report.exit_status(), 0, "{report}");
}

#[tokio::test]
async fn nobody_is_asked_before_ready_and_startupz_says_so() {
    let main = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve_probes(listener));
        let (_database, shared) = manage("database", Does::Succeeds);
        let answer = ask(address, "/startupz").await;
        assert_eq!((answer.status, &*answer.body), (503, "starting\n"));
        let answer = ask(address, "/readyz?verbose").await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, "[-]start-up failed: the service is not ready yet\nreadyz check failed\n");
        assert_eq!(shared.asked(), 0);
        lifecycle::ready();
        assert_eq!(ask(address, "/startupz").await.status, 200);
        assert_eq!(ask(address, "/readyz").await.status, 200);
        assert_eq!(shared.asked(), 1);
    };
    let report = Lifecycle::builder().run(main).await;
    assert!(report.is_clean(), "{report}");
}

/// Otherwise a check that fails for an hour would fill the log.
#[tokio::test]
async fn the_observers_are_told_of_each_change_once() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let observer = move |fact: &lifecycle::Fact| match &fact.kind {
        FactKind::NotReady { name, error, .. } => {
            list.lock().expect("a list").push(format!("{name}: {error}"));
        }
        FactKind::ReadyAgain { name, .. } => list.lock().expect("a list").push(format!("{name}: again")),
        _ => {}
    };
    let report = run(Lifecycle::builder().observer("test", observer), async |address| {
        let (_database, shared) = manage("database", Does::Succeeds);
        for does in [Does::Succeeds, Does::Fails, Does::SaysFalse, Does::Succeeds] {
            shared.now_does(does);
            ask(address, "/readyz").await;
            sleep(SECOND).await;
        }
    })
    .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(*told.lock().expect("a list"), ["database: connection refused", "database: again"]);
}

mod start {
    use std::sync::atomic::AtomicBool;

    use lifecycle::{Managed, Start};

    use super::*;

    static IS_UP: AtomicBool = AtomicBool::new(false);
    static GO: Notify = Notify::const_new();

    #[lifecycle::resource(no_teardown = "a test")]
    struct Backend;

    #[lifecycle::start(retry = "60s")]
    impl Start for Backend {
        async fn start() -> Result<Backend, &'static str> {
            if IS_UP.load(Ordering::SeqCst) { Ok(Backend) } else { Err("connection refused") }
        }
    }

    #[lifecycle::resource(no_teardown = "a test")]
    struct Queue;

    #[lifecycle::start]
    impl Start for Queue {
        async fn start() -> Queue {
            GO.notified().await;
            Queue
        }
    }

    #[lifecycle::resource(no_teardown = "a test")]
    struct Shop(Managed<Backend>, Managed<Queue>);

    #[lifecycle::start]
    impl Start for Shop {
        async fn start(backend: Managed<Backend>, queue: Managed<Queue>) -> Shop {
            Shop(backend, queue)
        }
    }

    /// R27: an operator sees what a start waits for, until it has ended.
    #[tokio::test]
    async fn startupz_names_what_the_start_waits_for_and_why() {
        let main = async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(serve_probes(listener));
            let starting = tokio::spawn(async {
                let shop = lifecycle::start::<Shop>().await.expect("it starts");
                let _: (&Managed<Backend>, &Managed<Queue>) = (&shop.0, &shop.1);
                lifecycle::ready();
            });
            until_startupz_says(address, "starting: waiting for Backend (connection refused), Queue\n").await;
            let answer = ask(address, "/readyz?verbose").await;
            let expected = "[-]start-up failed: waiting for Backend (connection refused)\n\
                            [-]start-up failed: waiting for Queue\n\
                            readyz check failed\n";
            assert_eq!((answer.status, &*answer.body), (503, expected));
            GO.notify_one();
            until_startupz_says(address, "starting: waiting for Backend (connection refused)\n").await;
            IS_UP.store(true, Ordering::SeqCst);
            until_startupz_says(address, "started\n").await;
            starting.await.expect("no panic");
            assert_eq!(ask(address, "/startupz").await.status, 200);
        };
        let report = Lifecycle::builder().build().run(main).await;
        assert!(report.is_clean(), "{report}");
    }

    async fn until_startupz_says(address: SocketAddr, text: &str) {
        let said = async {
            while ask(address, "/startupz").await.body != text {
                tokio::task::yield_now().await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, said).await;
        assert!(said.is_ok(), "{text}: {}", ask(address, "/startupz").await.body);
    }
}
