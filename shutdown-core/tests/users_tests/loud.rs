//! Faults that a test must not miss: a panic of `main`, and a plan that cannot be carried out.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use lifecycle::{Deferred, Lifecycle, MainOutcome, MainOutput, Reason};

use super::{Database, Trace, second, text};

fn fails(why: &str) {
    panic!("{why}");
}

/// Runs a future that panics, and returns the payload of the panic that reaches the caller.
async fn panic_of(main: impl Future<Output: MainOutput>) -> Box<dyn Any + Send> {
    match AssertUnwindSafe(second().run(main)).catch_unwind().await {
        Ok(report) => panic!("no panic: {report}"),
        Err(payload) => payload,
    }
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "assertion `left == right` failed")]
async fn a_failed_assertion_fails_the_test() {
    let _ = Lifecycle::builder().run(async { assert_eq!(1, 2) }).await;
}

/// R6: the panic goes on only after everything has been torn down.
#[tokio::test(start_paused = true)]
async fn a_panic_reaches_the_caller_after_the_teardown() {
    let trace = Trace::default();
    let run = async {
        lifecycle::manage(Database(trace.clone()));
        tokio::task::yield_now().await;
        fails("no luck");
    };
    let payload = panic_of(run).await;
    assert_eq!(text(&*payload), "no luck");
    assert_eq!(trace.take(), ["database"]);
}

/// The payload is the caller's own value, and is dropped by nobody else.
#[tokio::test(start_paused = true)]
async fn a_payload_of_any_type_reaches_the_caller() {
    let held = Arc::new(());
    let payload = held.clone();
    let caught = panic_of(async {
        if Arc::strong_count(&payload) > 0 {
            panic_any(payload);
        }
    })
    .await;
    assert_eq!(Arc::strong_count(&held), 2);
    assert!(caught.downcast::<Arc<()>>().is_ok());
    assert_eq!(Arc::strong_count(&held), 1);
}

/// A panic in the drain, and one in the drop of the future, are panics of `main` as well.
#[tokio::test(start_paused = true)]
async fn a_panic_during_the_stop_reaches_the_caller() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let late = async {
        lifecycle::ready();
        lifecycle::shutdown("test");
        lifecycle::draining().await;
        fails("late");
    };
    assert_eq!(text(&*panic_of(late).await), "late");
    let dropped = async {
        let _loud = Loud;
        lifecycle::shutdown("test");
        std::future::pending::<()>().await;
    };
    assert_eq!(text(&*panic_of(dropped).await), "dropped");
}

/// A teardown that fails does not hide the panic.
#[tokio::test(start_paused = true)]
async fn a_panic_reaches_the_caller_also_if_a_teardown_panics() {
    let run = async {
        lifecycle::defer("loud", || async { fails("teardown") });
        lifecycle::defer("stuck", || std::future::pending::<()>());
        lifecycle::spawn(std::future::pending::<()>());
        fails("main");
    };
    assert_eq!(text(&*panic_of(run).await), "main");
}

/// A runtime of its own ends before the panic goes on. A closure that blocks for a long time does not hold it up.
#[test]
fn a_panic_reaches_the_caller_of_block_on() {
    let trace = Trace::default();
    let (free, stuck) = std::sync::mpsc::channel::<()>();
    let run = || {
        second().block_on(async {
            lifecycle::manage(Database(trace.clone()));
            tokio::task::spawn_blocking(move || stuck.recv());
            assert_eq!(1, 2);
        })
    };
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    assert!(text(&*payload).contains("assertion `left == right` failed"));
    assert_eq!(trace.take(), ["database"]);
    drop(free);
}

/// The inner panic is a panic of the outer `main`.
#[tokio::test(start_paused = true)]
async fn a_panic_goes_through_every_lifecycle_around_it() {
    let trace = Trace::default();
    let run = async {
        lifecycle::manage(Database(trace.clone()));
        let lifecycle = second();
        let inner = lifecycle.run(async {
            lifecycle::manage(Database(trace.clone()));
            fails("inner");
        });
        let _ = inner.await;
    };
    assert_eq!(text(&*panic_of(run).await), "inner");
    assert_eq!(trace.take(), ["database", "database"]);
}

/// R20: a service inside of another program gets the whole report.
#[tokio::test(start_paused = true)]
async fn a_report_of_a_panic_is_there_for_the_asking() {
    let trace = Trace::default();
    let run = async {
        lifecycle::manage(Database(trace.clone()));
        fails("no luck");
    };
    let report = second().run_to_report(run).await;
    assert_eq!(report.exit_status(), 101, "{report}");
    assert!(matches!(&report.main, Some(MainOutcome::Panicked { message, .. }) if message == "no luck"));
    assert_eq!(trace.take(), ["database"]);
}

/// A panic of a tracked task is the business of who awaits the task. The report counts it.
#[tokio::test(start_paused = true)]
async fn a_panic_of_a_tracked_task_is_in_the_report() {
    let report = second()
        .run(async {
            let task = lifecycle::spawn(async { fails("task") });
            assert!(task.await.expect_err("it panics").is_panic());
            lifecycle::ready();
            lifecycle::shutdown("test");
            let task = lifecycle::spawn_blocking(|| fails("closure"));
            assert!(task.await.expect_err("it panics").is_panic());
        })
        .await;
    assert_eq!((report.exit_status(), report.panicked_tasks), (70, 1), "{report}");
    assert!(report.notes.iter().any(|note| note == "1 tracked task panicked before the stop"), "{report}");
}

async fn ask_for_too_much_time() {
    Deferred::new("flush the journal").timeout(Duration::from_secs(5)).run(|| async {});
    lifecycle::ready();
    std::future::pending::<()>().await;
}

/// R12: a grace that is too short for a declared time-out reaches the test.
#[tokio::test(start_paused = true)]
#[should_panic(expected = "`flush the journal` 5s")]
async fn a_grace_that_is_too_short_fails_the_test() {
    let _ = second().run(ask_for_too_much_time()).await;
}

/// R12: standard error receives the fault before the stop is over, because the test can fail by its consequences first.
#[test]
fn a_grace_that_is_too_short_is_printed_at_once() {
    let test = "loud::a_grace_that_is_too_short_fails_the_test";
    let this = std::env::current_exe().expect("the path of this test");
    let child = Command::new(this).args(["--exact", test, "--nocapture"]).output().expect("this test starts");
    let stderr = String::from_utf8_lossy(&child.stderr);
    let line = "lifecycle: the stop begins: invalid plan: ";
    let (told, panicked) = (stderr.find(line), stderr.find("panicked at"));
    assert!(told.is_some() && told < panicked, "{stderr}");
}

/// R12: what is managed is torn down before the panic.
#[tokio::test(start_paused = true)]
async fn a_plan_that_does_not_fit_is_carried_out_before_the_panic() {
    let trace = Trace::default();
    let run = async {
        lifecycle::manage(Database(trace.clone()));
        ask_for_too_much_time().await;
    };
    let panic = text(&*panic_of(run).await);
    assert!(panic.starts_with("the lifecycle has stopped itself: invalid plan: "), "{panic}");
    assert!(panic.contains("grace"), "{panic}");
    assert_eq!(trace.take(), ["database"]);
}

/// R5: so does a cycle.
#[tokio::test(start_paused = true)]
#[should_panic(expected = "invalid plan: dependency cycle")]
async fn a_cycle_fails_the_test() {
    let _ = second()
        .run(async {
            let a = lifecycle::manage_as("a", Database(Trace::default()));
            let b = lifecycle::manage_as("b", Database(Trace::default()));
            a.depends_on(&b);
            b.depends_on(&a);
            lifecycle::ready();
            std::future::pending::<()>().await;
        })
        .await;
}

/// The plan may be the cause of a panic, and is the one that is told.
#[tokio::test(start_paused = true)]
async fn an_invalid_plan_comes_before_the_panic_that_it_causes() {
    let run = async {
        Deferred::new("long").timeout(Duration::from_secs(5)).run(|| async {});
        lifecycle::ready();
        fails("connection refused");
    };
    let panic = text(&*panic_of(run).await);
    assert!(panic.contains("`long` 5s"), "{panic}");
}

/// R20: 78 is the status for a program that asks.
#[tokio::test(start_paused = true)]
async fn a_report_of_an_invalid_plan_is_there_for_the_asking() {
    let report = second().run_to_report(ask_for_too_much_time()).await;
    assert_eq!(report.exit_status(), 78, "{report}");
    assert!(matches!(report.reason, Reason::InvalidPlan { .. }));
}
