//! `Send`, `Sync` and `Unpin` of every public type and future. A mistake is a compile error in the test's own line.

use std::future::ready;

use lifecycle::{
    Builder, Deferred, Drained, Draining, Failure, FailureKind, Gate, InstanceReport, Lifecycle, MainOutcome,
    Managed, Outcome, Pass, Reason, Report, Slot, Stage, StageReport, Stopping, Straggler, TeardownError,
    Unconfirmed,
};

fn send<T: Send>(_: T) {}
fn send_and_sync<T: Send + Sync>(_: T) {}

/// Accepts a type that any thread can use, and that `select!` can poll without a pin.
fn all<T: Send + Sync + Unpin + 'static>() {}

#[test]
fn values_are_send_sync_and_unpin() {
    all::<Lifecycle>();
    all::<Builder>();
    all::<Deferred>();
    all::<Gate>();
    all::<Pass>();
    all::<Report>();
    all::<StageReport>();
    all::<InstanceReport>();
    all::<Reason>();
    all::<MainOutcome>();
    all::<Outcome>();
    all::<Failure>();
    all::<FailureKind>();
    all::<Unconfirmed>();
    all::<Straggler>();
    all::<Stage>();
    all::<TeardownError>();
}

/// A handle and a slot have the same auto traits as their value. A slot is `Sync` for any `Send` value.
#[test]
fn containers_are_send_and_sync_as_their_value_allows() {
    all::<Managed<Plain>>();
    all::<Slot<Plain>>();
    all::<Slot<std::cell::Cell<u8>>>();
}

#[test]
fn futures_without_user_code_are_send_sync_and_unpin() {
    all::<Stopping>();
    all::<Draining>();
    all::<Drained>();
}

/// A future that runs user code is `Send` if the user's future is. The user's future need not be `Sync`.
#[test]
fn futures_with_user_code_are_send() {
    let lifecycle = Lifecycle::builder().build();
    send(lifecycle.run(not_sync()));
    send(Lifecycle::builder().run(not_sync()));
    send_and_sync(lifecycle.run(ready(())));
    let _ = |managed: Managed<Plain>| send(managed.release());
}

/// `main` may hold values that are not `Send`, such as an `Rc`, on a current-thread runtime.
#[test]
fn a_future_that_is_not_send_can_be_run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let report = runtime.block_on(Lifecycle::builder().run(async {
        let local = std::rc::Rc::new(());
        tokio::task::yield_now().await;
        drop(local);
    }));
    assert!(report.is_clean(), "{report}");
}

async fn not_sync() {
    let cell = std::cell::Cell::new(0);
    tokio::task::yield_now().await;
    cell.set(1);
}

#[lifecycle::resource(no_teardown = "a test")]
struct Plain;

#[cfg(feature = "http")]
mod servers {
    use std::future::{Ready, ready};

    use lifecycle::{http, net};
    use tokio::net::TcpListener;

    use super::{all, send};

    #[test]
    fn servers_are_send() {
        all::<http::Server<TcpListener>>();
        all::<net::Peer>();
        let _ = |listener: TcpListener| send(net::serve(listener, handle));
        let _ = |listener: TcpListener| send(http::serve(listener, axum::Router::new()));
        send(net::listen("127.0.0.1:0"));
    }

    fn handle<T>(_: T, _: net::Peer) -> Ready<()> {
        ready(())
    }
}

#[cfg(feature = "consumer")]
mod consumers {
    use std::convert::Infallible;

    use lifecycle::consumer::{Consumer, Source};

    use super::send;

    #[test]
    fn consumers_are_send_as_their_source_is() {
        // The compiler checks a generic function even if it is never called.
        #[expect(dead_code, reason = "the check is that it compiles")]
        fn of<S: Source<Message: Send, Receipt: Send> + Send + 'static>(source: S) {
            send(Consumer::new(source).run(|_| async { Ok::<(), Infallible>(()) }));
        }
    }
}
