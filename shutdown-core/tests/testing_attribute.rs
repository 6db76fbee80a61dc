//! `#[lifecycle::test]`, and the assertions on a report and on the plan.

#![cfg(all(feature = "testing", not(loom)))]
#![expect(unnameable_test_items, reason = "tests that fail on purpose are called by other tests")]

use std::time::Duration;

use lifecycle::testing::report;
use lifecycle::{
    Deferred, Lifecycle, Managed, Report, Teardown, assert_clean, assert_plan, assert_torn_down,
};

#[lifecycle::resource(order = 2)]
struct Database;

#[lifecycle::resource]
struct Orders {
    #[expect(dead_code, reason = "the field is the edge")]
    db: Managed<Database>,
}

#[lifecycle::resource]
struct Mail;

macro_rules! torn_down_at_once {
    ($($name:ident)*) => {$(
        #[lifecycle::teardown]
        impl Teardown for $name {
            async fn teardown(&self) {}
        }
    )*};
}
torn_down_at_once!(Database Orders Mail);

/// Tests that `fails` calls, because most of them fail on purpose.
mod failing {
    use super::{Duration, report};

    macro_rules! test {
        ($name:ident, ($($keys:tt)*), $body:block) => {
            pub(crate) fn $name() {
                #[lifecycle::test($($keys)*)]
                async fn test() $body
                test();
            }
        };
    }
    test!(a_failed_assertion, (), { assert_eq!(1 + 1, 3) });
    test!(a_failed_teardown, (), {
        lifecycle::defer("journal", async || Err::<(), _>("the disk is full"));
    });
    test!(a_hanging_teardown, (grace = "1s", clock = "paused"), {
        lifecycle::defer("hangs", async || std::future::pending::<()>().await);
    });
    test!(a_task_that_panics, (), {
        tokio::spawn(async { panic!("in a task") });
        tokio::task::yield_now().await;
    });
    test!(a_tracked_task_that_panics, (), {
        lifecycle::spawn(async { panic!("in a tracked task") });
        tokio::task::yield_now().await;
    });
    test!(a_task_that_stays, (grace = "1s", clock = "paused"), {
        lifecycle::spawn(std::future::pending::<()>());
    });
    test!(an_assertion_after_the_report, (), {
        let report = report().await;
        assert_eq!(report.exit_status(), 70);
    });
    test!(any_report, (grace = "1s", clock = "paused", report = "any"), {
        lifecycle::defer("hangs", async || std::future::pending::<()>().await);
        tokio::time::sleep(Duration::from_secs(3600)).await;
    });
    test!(a_taken_report, (), {
        lifecycle::defer("journal", async || Err::<(), _>("the disk is full"));
        assert_eq!(report().await.exit_status(), 70);
        assert_eq!(report().await.exit_status(), 70);
    });
}

/// Returns the message of the panic of `test`.
#[track_caller]
fn fails(test: impl FnOnce() + Send + 'static) -> String {
    let panic = std::thread::spawn(test).join().expect_err("the test passes");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}

#[test]
fn each_fault_fails_the_test() {
    assert!(fails(failing::a_failed_assertion).contains("left: 2\n right: 3"));
    let message = fails(failing::a_failed_teardown);
    assert!(message.starts_with("the stop was not clean, exit status 70\nlifecycle: "), "{message}");
    assert!(message.contains("the disk is full"), "{message}");
    assert!(fails(failing::a_hanging_teardown).contains("timed out"));
    assert_eq!(
        fails(failing::a_task_that_panics),
        "1 tasks of the test have panicked: the messages are above"
    );
    assert!(fails(failing::a_tracked_task_that_panics).starts_with("1 tasks of the test have panicked"));
    assert!(fails(failing::a_task_that_stays).contains("1 task spawned at "));
    assert!(fails(failing::an_assertion_after_the_report).contains("left: 0\n right: 70"));
}

#[test]
fn a_report_that_is_taken_or_unwanted_need_not_be_clean() {
    failing::any_report();
    failing::a_taken_report();
}

#[test]
fn a_report_outside_of_a_test_says_so() {
    let message = fails(|| drop(report()));
    assert!(message.contains("is for the body of a `#[lifecycle::test]`"), "{message}");
}

#[lifecycle::test]
async fn a_body_without_resources_is_a_test() {}

#[lifecycle::test]
async fn a_body_may_return_a_result() -> Result<(), std::num::ParseIntError> {
    assert_eq!("1".parse::<u8>()?, 1);
    Ok(())
}

#[lifecycle::test]
#[should_panic(expected = "the test returned an error")]
async fn an_error_of_the_body_fails_the_test() -> Result<(), std::num::ParseIntError> {
    "one".parse::<u8>()?;
    Ok(())
}

#[lifecycle::test(grace = "30s", lame_duck = "10s", clock = "paused")]
async fn spawned_tasks_are_inside_and_hear_the_stop() {
    let begun = tokio::time::Instant::now();
    let (sender, heard) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        lifecycle::defer("of the task", async || {});
        lifecycle::stopping().await;
        tokio::spawn(async move {
            lifecycle::draining().await;
            sender.send(begun.elapsed()).unwrap();
        });
    });
    tokio::task::yield_now().await;
    lifecycle::ready();
    let report = report().await;
    assert!(heard.await.unwrap() >= Duration::from_secs(10));
    assert_torn_down!(report, ["of the task"]);
    assert_clean!(report);
}

/// A lifecycle for each test: no test sees the instances of another one.
#[test]
fn tests_in_parallel_have_a_lifecycle_each() {
    fn one() {
        #[lifecycle::test(clock = "paused")]
        async fn test() {
            let name = format!("{:?}", std::thread::current().id());
            let own = name.clone();
            tokio::spawn(async move { lifecycle::defer(own, async || {}) });
            tokio::time::sleep(Duration::from_millis(10)).await;
            let report = report().await;
            let names: Vec<_> = report.instances.iter().map(|instance| &*instance.name).collect();
            assert_eq!(names, [name]);
        }
        test();
    }
    let threads: Vec<_> = (0..16).map(|_| std::thread::spawn(one)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

async fn stopped() -> Report {
    Lifecycle::builder()
        .run(async {
            let db = lifecycle::manage(Database);
            let orders = lifecycle::manage(Orders { db });
            Deferred::new("outbox").uses(&orders).run(async || {});
            lifecycle::manage(Mail);
        })
        .await
}

#[tokio::test]
async fn the_order_of_a_report_is_that_of_its_edges() {
    let report = stopped().await;
    assert_torn_down!(report, ["Orders", "Database"]);
    // The way leads over `Orders`.
    assert_torn_down!(&report, ["outbox", "Database"]);
    assert_torn_down!(report, ["Mail"]);
    for (names, message) in [
        (["Database", "Orders"], "no edge of the plan says that `Database` is torn down before `Orders`"),
        (["Mail", "Orders"], "no edge of the plan says that `Mail` is torn down before `Orders`"),
        (["Orders", "Databsae"], "the report has no instance `Databsae`; it has ["),
    ] {
        let report = report.clone();
        let failed = fails(move || assert_torn_down!(report, [names[0], names[1]]));
        assert!(failed.starts_with(message) && failed.contains("cleanup"), "{failed}");
    }
}

#[test]
fn the_order_of_a_plan_is_that_of_its_declarations() {
    assert_plan!("Orders before Database");
    for (order, message) in [
        ("Database before Orders", "the plan does not say that `Database` is torn down before `Orders`"),
        ("Orders before Mail", "the plan does not say that `Orders` is torn down before `Mail`"),
        ("Orders before Databsae", "the plan has no resource `Databsae`"),
        ("Orders, Database", "`Orders, Database` is not an order; write `\"Orders before Database\"`"),
    ] {
        let failed = fails(move || assert_plan!(order));
        assert!(failed.starts_with(message) && failed.contains("Orders"), "{failed}");
    }
}
