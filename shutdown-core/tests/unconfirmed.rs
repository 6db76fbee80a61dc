//! R22: a teardown that cannot know whether something was lost says so, in the report and in the log.
#![cfg(not(loom))]

use std::fmt::{self, Write as _};
use std::future::pending;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use lifecycle::{Deferred, Lifecycle, Outcome, Report, Resource, Slot, Teardown};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

/// The warnings of the test's thread.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn collect() -> (Warnings, DefaultGuard) {
        let warnings = Warnings::default();
        let guard = tracing::subscriber::set_default(warnings.clone());
        (warnings, guard)
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The text of one event.
#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{value:?}");
    }
}

/// Stops a program that holds the value.
async fn stopped<T: Resource>(value: T) -> Report {
    Lifecycle::builder().run(async { drop(lifecycle::manage(value)) }).await
}

/// What the teardown of a [`Socket`] does after it has said that it cannot know.
#[derive(Clone, Copy)]
enum Then {
    Ends,
    Fails,
    Panics,
    Hangs,
}

#[lifecycle::resource(timeout = "200ms")]
struct Socket(Then);

#[lifecycle::teardown]
impl Teardown for Socket {
    async fn teardown(&self) -> Result<(), &'static str> {
        lifecycle::unconfirmed("the peer does not answer");
        match self.0 {
            Then::Ends => Ok(()),
            Then::Fails => Err("the disk is full"),
            Then::Panics => panic!("a bug"),
            Then::Hangs => pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_nobody_confirms_is_not_ok_and_the_stop_is_clean() {
    let (warnings, _guard) = Warnings::collect();
    let report = stopped(Socket(Then::Ends)).await;
    let Outcome::Unconfirmed { reasons, .. } = &report.instances[0].outcome else { panic!("{report}") };
    assert_eq!((reasons[0].step, &*reasons[0].reason), ("teardown", "the peer does not answer"));
    assert!(report.is_clean(), "{report}");
    assert!(report.to_string().contains("  unconfirmed: the peer does not answer (managed at "), "{report}");
    assert!(report.to_json().contains("\"outcome\":\"unconfirmed: the peer does not answer\""), "{report}");
    assert_eq!(warnings.take(), ["`Socket` unconfirmed: the peer does not answer"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_keeps_the_doubt() {
    let (warnings, _guard) = Warnings::collect();
    for (then, outcome) in [
        (Then::Fails, "teardown failed: the disk is full; unconfirmed: the peer does not answer"),
        (Then::Panics, "teardown panicked: a bug; unconfirmed: the peer does not answer"),
    ] {
        let report = stopped(Socket(then)).await;
        assert_eq!(report.instances[0].outcome.to_string(), outcome);
        assert_eq!(report.exit_status(), 70, "{report}");
        assert_eq!(warnings.take()[0], "`Socket` unconfirmed: the peer does not answer");
    }
}

fn gives_up() {
    std::panic::resume_unwind(Box::new("a bug"));
}

#[tokio::test(start_paused = true)]
async fn a_deferred_teardown_that_panics_keeps_the_doubt() {
    let report = Lifecycle::builder()
        .run(async {
            lifecycle::defer("checkpoint", async || {
                lifecycle::unconfirmed("the replica is slow");
                gives_up();
            });
        })
        .await;
    let outcome = report.instances[0].outcome.to_string();
    assert_eq!(outcome, "teardown panicked: a bug; unconfirmed: the replica is slow");
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_runs_out_of_time_has_its_doubt_in_the_log() {
    let (warnings, _guard) = Warnings::collect();
    let report = stopped(Socket(Then::Hangs)).await;
    assert_eq!(report.instances[0].outcome, Outcome::TimedOut);
    assert_eq!(warnings.take(), ["`Socket` unconfirmed: the peer does not answer"]);
}

/// Two clients whose release cannot know, one of them on a blocking thread.
#[lifecycle::resource]
struct Clients {
    #[teardown(close, blocking)]
    blocking: Client,
    #[teardown(close)]
    inline: Client,
    #[teardown(close_well)]
    well: Client,
}

struct Client(u32);

impl Client {
    fn close(&self) {
        lifecycle::unconfirmed(format!("{} messages are on their way", self.0));
    }

    fn close_well(&self) {
        assert_eq!(self.0, 0);
    }
}

#[tokio::test]
async fn a_doubt_names_its_field_also_from_a_blocking_thread() {
    let report = stopped(Clients { blocking: Client(2), inline: Client(2), well: Client(0) }).await;
    assert_eq!(
        report.instances[0].outcome.to_string(),
        "unconfirmed: 2 messages are on their way (blocking); 2 messages are on their way (inline)",
    );
}

/// The caller of a release goes on: a replaced socket is no reason to fail.
#[tokio::test(start_paused = true)]
async fn a_release_before_the_stop_logs_its_doubt() {
    let (warnings, _guard) = Warnings::collect();
    let report = Lifecycle::builder()
        .run(async {
            lifecycle::manage_as("old", Socket(Then::Ends)).release().await.unwrap();
            assert_eq!(warnings.take(), ["`old` unconfirmed: the peer does not answer"]);
            lifecycle::manage_as("old", Socket(Then::Hangs)).release().await.unwrap_err();
            assert_eq!(warnings.take(), ["`old` unconfirmed: the peer does not answer"]);
        })
        .await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_doubt_outside_of_a_teardown_is_a_warning() {
    let (warnings, _guard) = Warnings::collect();
    lifecycle::unconfirmed("nobody listens");
    assert_eq!(warnings.take(), ["unconfirmed, outside of a teardown: nobody listens"]);
}

/// The teardown was given up, and its thread goes on.
#[tokio::test]
async fn a_doubt_that_comes_too_late_is_a_warning() {
    #[lifecycle::resource(timeout = "50ms")]
    struct Stuck {
        #[teardown(close, blocking)]
        client: Blocked,
    }

    struct Blocked(Mutex<mpsc::Receiver<()>>, mpsc::Sender<Vec<String>>);

    impl Blocked {
        fn close(&self) {
            let (warnings, _guard) = Warnings::collect();
            let _ = self.0.lock().unwrap().recv();
            lifecycle::unconfirmed("it was late");
            self.1.send(warnings.take()).unwrap();
        }
    }

    let (go_on, wait) = mpsc::channel();
    let (sender, warnings) = mpsc::channel();
    let report = stopped(Stuck { client: Blocked(Mutex::new(wait), sender) }).await;
    assert_eq!(report.instances[0].outcome, Outcome::TimedOut);
    drop(go_on);
    let warnings = tokio::task::spawn_blocking(move || warnings.recv().unwrap()).await.unwrap();
    assert_eq!(warnings, ["unconfirmed, outside of a teardown: it was late"]);
}

/// Two teardowns at once do not mix their doubts.
#[tokio::test(start_paused = true)]
async fn each_instance_has_its_own_doubts() {
    let report = Lifecycle::builder()
        .run(async {
            for name in ["a", "b"] {
                Deferred::new(name).run(move || async move {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    lifecycle::unconfirmed(name);
                });
            }
            lifecycle::defer("c", async || tokio::time::sleep(Duration::from_millis(5)).await);
        })
        .await;
    let outcomes: Vec<_> = report.instances.iter().map(|row| row.outcome.to_string()).collect();
    assert_eq!(outcomes, ["unconfirmed: a", "unconfirmed: b", "ok"]);
}

/// The error of a task is a failure of the resource that waits for the task.
#[tokio::test]
async fn the_error_of_a_task_or_a_thread_is_not_ok() {
    #[lifecycle::resource]
    struct Workers {
        #[teardown]
        task: Slot<tokio::task::JoinHandle<std::io::Result<()>>>,
        #[teardown]
        set: tokio::sync::Mutex<tokio::task::JoinSet<Result<(), String>>>,
        #[teardown]
        thread: Slot<std::thread::JoinHandle<Result<(), &'static str>>>,
        #[teardown]
        other: Slot<tokio::task::JoinHandle<Result<(), u8>>>,
    }

    let mut set = tokio::task::JoinSet::new();
    set.spawn(async { Ok(()) });
    set.spawn(async { Err("no room".to_owned()) });
    let report = stopped(Workers {
        task: Slot::new(tokio::spawn(async { Err(std::io::Error::other("no disk")) })),
        set: tokio::sync::Mutex::new(set),
        thread: Slot::new(std::thread::spawn(|| Err("no peer"))),
        other: Slot::new(tokio::spawn(async { Err(3) })),
    })
    .await;
    assert_eq!(
        report.instances[0].outcome.to_string(),
        "task failed: no disk; set failed: no room; thread failed: no peer; unconfirmed: the task returned a \
         `core::result::Result<(), u8>`, which is not read here (other)",
    );
}

/// `sync_all` of tokio drops the error of the last write.
#[cfg(all(unix, feature = "tokio-types"))]
#[tokio::test]
async fn the_error_of_the_last_write_to_a_file_of_tokio_is_a_failure() {
    use tokio::io::AsyncWriteExt as _;

    #[lifecycle::resource]
    struct Journal {
        #[teardown]
        file: tokio::sync::Mutex<tokio::fs::File>,
    }

    // The file is open for reading alone, so that the write in the background fails, and the sync does not.
    let mut file = tokio::fs::File::open(std::env::current_exe().unwrap()).await.unwrap();
    file.write_all(b"a line").await.unwrap();
    let report = stopped(Journal { file: tokio::sync::Mutex::new(file) }).await;
    let outcome = report.instances[0].outcome.to_string();
    assert!(outcome.starts_with("file failed: Bad file descriptor"), "{report}");
}
