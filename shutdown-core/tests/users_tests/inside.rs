//! Which code is inside of a lifecycle, and what the panic outside says.

use std::future::Future;
use std::sync::Mutex;
use std::thread;

use lifecycle::{Lifecycle, Managed};

use super::{Database, Trace, second, text};

/// Returns whether the calling code is inside of `lifecycle`, which is stopping.
fn is_inside(lifecycle: &Lifecycle) -> bool {
    assert!(lifecycle.is_stopping());
    Lifecycle::current().is_some() && lifecycle::is_stopping()
}

async fn spawned<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    tokio::spawn(future).await.expect("the task does not panic")
}

/// Each kind of code that a test may start by tokio finds the one lifecycle of its runtime.
async fn tokios_own_tasks_are_inside() {
    let lifecycle = second();
    let trace = Trace::default();
    let run = async {
        lifecycle::ready();
        lifecycle::shutdown("test");
        let (one, two, three) = (lifecycle.clone(), lifecycle.clone(), lifecycle.clone());
        assert!(spawned(async move { is_inside(&one) }).await);
        assert!(spawned(spawned(async move { is_inside(&two) })).await);
        assert!(tokio::task::spawn_blocking(move || is_inside(&three)).await.expect("no panic"));
        let mut set = tokio::task::JoinSet::new();
        let four = lifecycle.clone();
        set.spawn(async move { is_inside(&four) });
        assert_eq!(set.join_all().await, [true]);
        let five = lifecycle.clone();
        let handle = tokio::runtime::Handle::current();
        let thread = thread::spawn(move || {
            let _guard = handle.enter();
            is_inside(&five)
        });
        assert!(tokio::task::spawn_blocking(|| thread.join()).await.expect("no panic").expect("no panic"));
        let database = Database(trace.clone());
        spawned(async move { drop(lifecycle::manage(database)) }).await;
        spawned(async { drop(lifecycle::spawn(async {})) }).await;
        spawned(async { drop(lifecycle::pass()) }).await;
        spawned(async { lifecycle::stopping().await }).await;
        spawned(async { lifecycle::draining().await }).await;
    };
    let report = lifecycle.run(run).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(trace.take(), ["database"]);
    assert!(Lifecycle::current().is_none(), "a lifecycle that is over is found by nobody");
}

#[tokio::test(start_paused = true)]
async fn a_task_of_tokio_is_inside_the_lifecycle_of_its_runtime() {
    tokios_own_tasks_are_inside().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_tokio_is_inside_on_every_worker() {
    tokios_own_tasks_are_inside().await;
}

/// A run that is dropped before its end is found by nobody any more.
#[tokio::test]
async fn a_run_that_is_dropped_leaves_no_trace() {
    let dropped = second();
    tokio::select! {
        biased;
        _ = dropped.run(std::future::pending::<()>()) => unreachable!("it never ends"),
        () = std::future::ready(()) => {}
    }
    assert!(Lifecycle::current().is_none());
    assert!(
        second()
            .run(async { spawned(async { assert!(lifecycle::pass().is_some()) }).await })
            .await
            .is_clean()
    );
}

/// Lifecycles on other runtimes, which other tests run, are not in the way.
#[test]
fn each_runtime_finds_its_own_lifecycle() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                for _ in 0..50 {
                    let trace = Trace::default();
                    let database = Database(trace.clone());
                    let report = runtime.block_on(second().run(spawned(async {
                        drop(lifecycle::manage(database));
                    })));
                    assert_eq!(report.instances.len(), 1);
                    assert_eq!(trace.take(), ["database"]);
                }
            });
        }
    });
}

/// Runs `call` in a plain task while two lifecycles run on its runtime, and returns the text of its panic.
async fn panic_among_two<T: Send + 'static>(call: fn() -> T) -> String {
    let panic = Mutex::new(String::new());
    let report = second()
        .run(async {
            let lifecycle = second();
            let inner = lifecycle.run(async {
                let task = tokio::spawn(async move { drop(call()) });
                let payload = task.await.expect_err("it panics").into_panic();
                *panic.lock().expect("the test") = text(&*payload);
            });
            assert!(inner.await.is_clean());
        })
        .await;
    assert!(report.is_clean(), "{report}");
    panic.into_inner().expect("the test")
}

#[tokio::test]
async fn a_task_of_tokio_among_two_lifecycles_says_what_to_write() {
    for panic in [
        panic_among_two(|| lifecycle::manage(Database(Trace::default()))).await,
        panic_among_two(|| lifecycle::pass()).await,
        panic_among_two(|| lifecycle::stopping()).await,
        panic_among_two(|| lifecycle::spawn(async {})).await,
        panic_among_two(|| lifecycle::ready()).await,
    ] {
        assert!(panic.contains("2 lifecycles run on this tokio runtime"), "{panic}");
        assert!(panic.contains("inside.rs:"), "the place of the call: {panic}");
        assert!(panic.contains("`lifecycle::spawn(..)`"), "{panic}");
        assert!(panic.contains("`handle.scope_async(|| ..)`"), "{panic}");
        assert!(panic.contains("`Lifecycle::current().unwrap()`"), "{panic}");
    }
}

/// What the message says works as it is written.
#[tokio::test]
async fn what_the_message_says_among_two_lifecycles_helps() {
    let outer = second()
        .run(async {
            let lifecycle = second();
            let inner = lifecycle.run(async {
                let in_spawned =
                    lifecycle::spawn(async { drop(lifecycle::manage(Database(Trace::default()))) });
                in_spawned.await.expect("no panic");
                let handle = Lifecycle::current().unwrap();
                spawned(handle.scope_async(|| async { drop(lifecycle::manage(Database(Trace::default()))) }))
                    .await;
            });
            assert_eq!(inner.await.instances.len(), 2);
        })
        .await;
    assert_eq!(outer.instances.len(), 0);
}

/// A question has an answer for code that is outside.
#[tokio::test]
async fn questions_among_two_lifecycles_are_answered_as_outside() {
    let report = second()
        .run(async {
            let lifecycle = second();
            let inner = lifecycle.run(async {
                lifecycle::shutdown("test");
                let asked =
                    || (lifecycle::is_stopping(), lifecycle::remaining(), lifecycle::drain_remaining());
                assert_eq!(spawned(async move { asked() }).await, (false, None, None));
            });
            assert!(inner.await.is_clean());
        })
        .await;
    assert!(report.is_clean(), "{report}");
}

/// A thread that no runtime knows says what to write.
#[tokio::test]
async fn a_plain_thread_says_what_to_write() {
    let report = second()
        .run(async {
            let thread = thread::spawn(|| drop(lifecycle::pass()));
            let panic = text(&*thread.join().expect_err("it panics"));
            assert!(panic.contains("`lifecycle::pass` at"), "{panic}");
            assert!(
                panic.contains("in a thread without a tokio runtime, write `handle.scope(|| ..)`"),
                "{panic}"
            );
            let handle = Lifecycle::current().unwrap();
            let thread = thread::spawn(move || handle.scope(|| drop(lifecycle::pass())));
            thread.join().expect("it does what the message says");
        })
        .await;
    assert!(report.is_clean(), "{report}");
}

async fn open(trace: Trace) -> Managed<Database> {
    tokio::task::yield_now().await;
    lifecycle::manage(Database(trace))
}

/// `scope` of a future is outside when the future is polled. The message names what to write instead, and that works.
#[tokio::test(start_paused = true)]
async fn a_future_that_scope_returns_says_what_to_write() {
    let trace = Trace::default();
    let lifecycle = second();
    let (task, inside) = (lifecycle.clone(), trace.clone());
    let outside = tokio::spawn(async move { drop(task.scope(|| open(inside)).await) });
    let panic = text(&*outside.await.expect_err("it panics").into_panic());
    assert!(panic.contains("write `handle.scope(|| ..)` around a call"), "{panic}");
    assert!(panic.contains("`handle.scope_async(|| ..).await` around a future"), "{panic}");

    let database = lifecycle.scope_async(|| open(trace.clone())).await;
    assert!(lifecycle.run(async { drop(database) }).await.is_clean());
    assert_eq!(trace.take(), ["database"]);
}

/// The closure itself is called inside, too, because many functions ask for the lifecycle when they are called.
#[tokio::test(start_paused = true)]
async fn the_closure_and_its_future_are_both_inside() {
    let (outer, inner) = (second(), second());
    let report = outer
        .run(async {
            let inside = inner.scope_async(|| {
                drop(lifecycle::manage(Database(Trace::default())));
                async {
                    tokio::task::yield_now().await;
                    drop(lifecycle::manage(Database(Trace::default())));
                    7
                }
            });
            drop(lifecycle::manage(Database(Trace::default())));
            assert_eq!(inside.await, 7);
            let from_async_closure = inner.scope_async(async || lifecycle::defer("last", || async {}));
            from_async_closure.await;
        })
        .await;
    assert_eq!(report.instances.len(), 1, "{report}");
    assert_eq!(inner.run(async {}).await.instances.len(), 3);
}

/// A future of `scope_async` owns what it needs, and can be sent to another thread.
#[test]
fn a_scoped_future_can_be_spawned() {
    fn is_static_and_send<T: Send + 'static>(future: T) -> T {
        future
    }
    let future = {
        let lifecycle = second();
        is_static_and_send(lifecycle.scope_async(|| async { lifecycle::is_stopping() }))
    };
    drop(future);
}
