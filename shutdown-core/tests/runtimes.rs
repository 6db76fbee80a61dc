//! A tokio runtime as a field of a resource: it ends off the async threads, and in time.
#![cfg(not(loom))]

use std::future::pending;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use lifecycle::{Lifecycle, Outcome, Report, Resource, Slot};
use tokio::runtime::Runtime;

/// Stops a program that holds the value.
async fn stopped<T: Resource>(value: T) -> Report {
    let builder = Lifecycle::builder().grace(Duration::from_secs(20));
    builder.run(async { drop(lifecycle::manage(value)) }).await
}

/// A resource with a runtime in every place that a bare `#[teardown]` accepts.
#[lifecycle::resource]
struct Everywhere {
    #[teardown]
    slot: Slot<Runtime>,
    #[teardown]
    option: Option<Slot<Runtime>>,
    #[teardown]
    mutex: Mutex<Option<Runtime>>,
    #[teardown]
    async_mutex: tokio::sync::Mutex<Option<Runtime>>,
    #[teardown]
    list: Mutex<Vec<Runtime>>,
}

/// Returns a runtime with a task that never ends, and a handle that the task holds.
fn busy() -> (Runtime, Arc<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let held = Arc::new(());
    let inside = Arc::clone(&held);
    runtime.spawn(async move {
        pending::<()>().await;
        drop(inside);
    });
    (runtime, held)
}

async fn everywhere() {
    let (runtimes, held): (Vec<_>, Vec<_>) = std::iter::repeat_with(busy).take(6).unzip();
    let mut runtimes = runtimes.into_iter();
    let mut next = || runtimes.next().unwrap();
    let report = stopped(Everywhere {
        slot: Slot::new(next()),
        option: Some(Slot::new(next())),
        mutex: Mutex::new(Some(next())),
        async_mutex: tokio::sync::Mutex::new(Some(next())),
        list: Mutex::new(vec![next(), next()]),
    })
    .await;
    assert_eq!(report.exit_status(), 0, "{report}");
    assert!(held.iter().all(|held| Arc::strong_count(held) == 1), "each task is dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_ends_inside_of_a_multi_thread_runtime() {
    everywhere().await;
}

#[tokio::test]
async fn a_runtime_ends_inside_of_a_current_thread_runtime() {
    everywhere().await;
}

#[lifecycle::resource(timeout = "300ms")]
struct Stuck {
    #[teardown]
    runtime: Slot<Runtime>,
}

/// Checks the report about a runtime on which `stick` blocks until its sender is dropped.
async fn stuck(stick: impl FnOnce(&Runtime, mpsc::Receiver<()>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (release, blocked) = mpsc::channel();
    stick(&runtime, blocked);
    let report = stopped(Stuck { runtime: Slot::new(runtime) }).await;
    drop(release);
    assert_eq!(report.exit_status(), 70, "{report}");
    match &report.instances[0].outcome {
        Outcome::Failed { failures, .. } => assert_eq!(
            failures[0].message,
            "the runtime with 2 workers did not end in time: a worker or a blocking thread of it hangs in a call that does \
             not await"
        ),
        other => panic!("{other:?}"),
    }
}

/// Waits until the closure runs, so that it is not dropped before.
fn begun(begin: impl FnOnce(mpsc::Sender<()>)) {
    let (sender, receiver) = mpsc::channel();
    begin(sender);
    receiver.recv().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_is_in_the_report() {
    stuck(|runtime, blocked| {
        begun(|sender| {
            runtime.spawn(async move {
                sender.send(()).unwrap();
                let _ = blocked.recv();
            });
        });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_call_that_hangs_is_in_the_report() {
    stuck(|runtime, blocked| {
        begun(|sender| {
            runtime.spawn_blocking(move || {
                sender.send(()).unwrap();
                let _ = blocked.recv();
            });
        });
    })
    .await;
}

/// R22: work that was dropped is not `ok`.
#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_are_dropped_with_their_runtime_are_unconfirmed() {
    #[lifecycle::resource]
    struct Holder {
        #[teardown]
        runtime: Slot<Runtime>,
    }

    for (with_task, outcome) in [
        (true, "unconfirmed: 1 task of the runtime had not ended, and it was dropped (runtime)"),
        (false, "ok"),
    ] {
        let runtime = if with_task { busy().0 } else { Runtime::new().unwrap() };
        let report = stopped(Holder { runtime: Slot::new(runtime) }).await;
        assert_eq!(report.instances[0].outcome.to_string(), outcome, "{report}");
    }
}
