//! What the report says of work that was cut off: its name, and what it was waiting for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::{Lifecycle, Report, Straggler, Teardown};
use tokio::sync::mpsc;

const IDLE: &str = ", idle during the drain (waiting for the cleanup? end the task at `lifecycle::stopping()`, or let \
                    a resource own the task)";

/// A resource whose teardown closes a channel, and so ends whoever reads it.
#[lifecycle::resource]
struct Queue(Mutex<Option<mpsc::UnboundedSender<u32>>>);

#[lifecycle::teardown]
impl Teardown for Queue {
    async fn teardown(&self) {
        drop(self.0.lock().expect("the queue").take());
    }
}

/// A worker that owns the task which reads its queue.
#[lifecycle::resource]
struct Worker {
    queue: Queue,
    #[teardown]
    task: lifecycle::Slot<tokio::task::JoinHandle<()>>,
}

#[lifecycle::teardown]
impl Teardown for Worker {
    async fn teardown(&self) {
        self.queue.teardown().await;
    }
}

fn queue() -> (Queue, mpsc::UnboundedReceiver<u32>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Queue(Mutex::new(Some(sender))), receiver)
}

/// Runs `main` in a lifecycle with a grace of 2 s.
async fn report(main: impl Future<Output = ()>) -> Report {
    Lifecycle::builder().grace(Duration::from_secs(2)).run(main).await
}

/// Returns the lines of the cut-off list, without the place of each.
fn lines(report: &Report) -> Vec<String> {
    let line = |straggler: &Straggler| {
        let text = straggler.to_string();
        let (before, after) = text.split_once(file!()).expect("the place of the work");
        let rest = after.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
        format!("{before}here{rest}")
    };
    report.stragglers.iter().map(line).collect()
}

/// A task that only the teardown would end waits to the end of the drain, and the report says so.
#[tokio::test(start_paused = true)]
async fn a_task_that_only_a_teardown_ends_is_told_apart() {
    let report = report(async {
        let (queue, mut receiver) = queue();
        lifecycle::manage(queue);
        lifecycle::spawn(async move { while receiver.recv().await.is_some() {} });
        tokio::task::yield_now().await;
    })
    .await;
    assert_eq!(report.exit_status(), 70, "{report}");
    assert_eq!(lines(&report), [format!("1 task spawned at here{IDLE}")]);
    assert!(report.to_string().contains(IDLE), "{report}");
    assert!(report.to_json().contains(IDLE), "{report}");
}

/// What the line says to write: the task ends by itself, or a resource owns it.
#[tokio::test(start_paused = true)]
async fn the_advice_ends_such_a_task_in_time() {
    let by_notice = report(async {
        let (queue, mut receiver) = queue();
        lifecycle::manage(queue);
        lifecycle::spawn(async move {
            tokio::select! {
                () = lifecycle::stopping() => {}
                _ = receiver.recv() => {}
            }
        });
        tokio::task::yield_now().await;
    });
    assert!(by_notice.await.is_clean());

    let owned = report(async {
        let (queue, mut receiver) = queue();
        let task = tokio::spawn(async move { while receiver.recv().await.is_some() {} });
        lifecycle::manage(Worker { queue, task: lifecycle::Slot::new(task) });
    })
    .await;
    assert!(owned.is_clean(), "{owned}");
    assert_eq!(owned.took, Duration::ZERO, "{owned}");
}

/// A task that does something in the drain is slow, and waits for no cleanup.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_at_work_in_the_drain_is_not_idle() {
    let report = report(async {
        lifecycle::spawn(async {
            loop {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        });
        lifecycle::spawn(async {
            lifecycle::draining().await;
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
    })
    .await;
    assert_eq!(lines(&report), ["1 task spawned at here", "1 task spawned at here"]);
}

/// Tasks of one line are counted apart if only some of them are idle.
#[tokio::test(start_paused = true)]
async fn idle_tasks_are_counted_apart() {
    let report = report(async {
        for number in 0..5 {
            lifecycle::spawn(async move {
                if number < 2 {
                    lifecycle::draining().await;
                }
                std::future::pending::<()>().await;
            });
        }
        tokio::task::yield_now().await;
    })
    .await;
    let idle = IDLE.replace("the task", "the tasks");
    assert_eq!(
        lines(&report),
        ["2 tasks spawned at here".to_owned(), format!("3 tasks spawned at here{idle}")]
    );
}

/// A drain of a moment says nothing about a task that does nothing in it.
#[tokio::test(start_paused = true)]
async fn a_short_drain_calls_nobody_idle() {
    let short = Lifecycle::builder().grace(Duration::from_millis(500));
    let report = short
        .run(async {
            lifecycle::spawn(std::future::pending::<()>());
            tokio::task::yield_now().await;
        })
        .await;
    assert_eq!(lines(&report), ["1 task spawned at here"]);
}

/// The name of a task is in the list, not only its line.
#[tokio::test(start_paused = true)]
async fn an_essential_task_is_named() {
    let report = report(async {
        for name in ["admin", "api"] {
            lifecycle::spawn_essential(name, async {
                lifecycle::draining().await;
                std::future::pending::<()>().await;
            });
        }
        lifecycle::ready();
        lifecycle::shutdown("test");
        tokio::task::yield_now().await;
    })
    .await;
    assert_eq!(lines(&report), ["1 task `admin` spawned at here", "1 task `api` spawned at here"]);
    let named = |straggler: &Straggler| matches!(straggler, Straggler::Tasks { name: Some(name), .. } if name == "api");
    assert!(report.stragglers.iter().any(named), "{report}");
}

/// A task that blocks its worker since before the drain is busy, although no poll of it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_blocks_its_thread_is_not_idle() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let (begun, waits) = tokio::sync::oneshot::channel();
    let report = Lifecycle::builder()
        .grace(Duration::from_secs(1))
        .run(async {
            lifecycle::spawn(async move {
                begun.send(()).expect("the test waits");
                assert!(receiver.recv().is_err());
            });
            waits.await.expect("the task begins");
            lifecycle::defer("let the thread go", || async move { drop(sender) });
        })
        .await;
    assert_eq!(lines(&report), ["1 task spawned at here"]);
}

/// A closure on a thread cannot be cut off, so that the report knows whether it ended in the cleanup.
#[tokio::test]
async fn a_closure_that_a_teardown_ends_is_noted() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let sender = Arc::new(Mutex::new(Some(sender)));
    let report = Lifecycle::builder()
        .grace(Duration::from_millis(600))
        .run(async {
            let closure = lifecycle::spawn_blocking(move || receiver.recv().is_err());
            lifecycle::defer("close the channel", || async move {
                drop(sender.lock().expect("the sender").take());
                closure.await.expect("the closure ends");
            });
        })
        .await;
    assert_eq!(lines(&report), ["1 blocking task spawned at here"]);
    let noted = |note: &String| {
        note.starts_with("1 blocking task spawned at") && note.contains("ended after the drain")
    };
    assert!(report.notes.iter().any(noted), "{report}");
}

/// A closure that is still running at the end is not noted as ended.
#[tokio::test]
async fn a_closure_that_nothing_ends_is_not_noted() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let report = Lifecycle::builder()
        .grace(Duration::from_millis(300))
        .run(async {
            lifecycle::spawn_blocking(move || receiver.recv().is_err());
        })
        .await;
    drop(sender);
    assert_eq!(lines(&report), ["1 blocking task spawned at here"]);
    assert!(report.notes.is_empty(), "{report}");
}
