use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use crate::{Drained, Gate, Pass};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Fails instead of hanging. Only a failing test waits for the whole limit.
#[track_caller]
fn ends(drained: Drained) {
    let ended = runtime().block_on(async { tokio::time::timeout(Duration::from_secs(60), drained).await });
    assert!(ended.is_ok(), "the gate was not drained");
}

#[test]
fn an_open_gate_lets_in_and_a_closed_one_does_not() {
    let gate = Gate::new();
    assert!(!gate.is_closed() && gate.pass().is_some());
    assert!(gate.close());
    assert!(gate.is_closed() && gate.pass().is_none());
}

#[test]
fn only_the_first_close_closes() {
    let gate = Gate::new();
    assert!(gate.close());
    assert!(!gate.close());
    assert!(!gate.clone().close());
}

#[test]
fn an_open_gate_that_nobody_is_in_is_not_drained() {
    let gate = Gate::new();
    drop(gate.pass());
    assert_eq!(gate.in_flight(), 0);
    assert!(!gate.is_drained());
    gate.close();
    assert!(gate.is_drained());
    ends(gate.drained());
}

#[test]
fn a_pass_can_be_split_after_the_close_and_each_half_is_waited_for() {
    let gate = Gate::new();
    let first = gate.pass().unwrap();
    gate.close();
    let second = first.split();
    let third = second.split();
    assert_eq!(gate.in_flight(), 3);
    drop((first, third));
    assert!(!gate.is_drained());
    drop(second);
    assert!(gate.is_drained());
}

#[test]
fn passes_outlive_every_handle() {
    let gate = Gate::new();
    let drained = gate.drained();
    let pass = gate.pass().unwrap();
    drop(gate);
    let split = pass.split();
    drop(pass);
    drop(thread::spawn(move || split.split()).join().unwrap());
    ends(drained);
}

#[test]
fn a_dropped_handle_closes_nothing_while_there_is_another() {
    let gate = Gate::new();
    drop(gate.clone());
    assert!(gate.pass().is_some());
}

/// R17.
#[test]
fn a_panic_returns_the_pass() {
    let gate = Gate::new();
    let pass = gate.pass().unwrap();
    let panicked = panic::catch_unwind(AssertUnwindSafe(move || {
        let _pass = pass;
        panic::resume_unwind(Box::new("the work failed"));
    }));
    assert!(panicked.is_err());
    gate.close();
    assert!(gate.is_drained());
}

/// R17.
#[test]
fn an_abort_returns_the_pass() {
    let gate = Gate::new();
    let pass = gate.pass().unwrap();
    let runtime = runtime();
    let task = runtime.spawn(async move {
        let _pass = pass;
        std::future::pending::<()>().await;
    });
    gate.close();
    assert!(!gate.is_drained());
    task.abort();
    ends(gate.drained());
}

/// R17.
#[test]
fn a_cancelled_future_returns_the_pass() {
    let gate = Gate::new();
    let pass = gate.pass().unwrap();
    let mut work = Box::pin(async move {
        let _pass = pass;
        std::future::pending::<()>().await;
    });
    assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    gate.close();
    assert!(!gate.is_drained());
    drop(work);
    assert!(gate.is_drained());
}

/// R17.
#[test]
fn a_runtime_that_goes_returns_its_passes() {
    let gate = Gate::new();
    let runtime = runtime();
    for _ in 0..100 {
        let pass = gate.pass().unwrap();
        runtime.spawn(async move {
            let _pass = pass;
            std::future::pending::<()>().await;
        });
    }
    gate.close();
    drop(runtime);
    ends(gate.drained());
}

#[test]
fn what_is_to_run_when_drained_runs_once() {
    let gate = Gate::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let run = || {
        let runs = runs.clone();
        move || {
            runs.fetch_add(1, Ordering::Relaxed);
        }
    };
    gate.on_drained(run());
    let pass = gate.pass();
    gate.close();
    assert_eq!(runs.load(Ordering::Relaxed), 0);
    drop(pass);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    gate.on_drained(run());
    assert_eq!(runs.load(Ordering::Relaxed), 2, "at once, when it is too late to wait");
}

/// A lock of the gate would cause a deadlock here.
#[test]
fn what_runs_when_drained_may_use_the_gate() {
    let gate = Gate::new();
    let inner = gate.clone();
    gate.on_drained(move || {
        assert!(inner.is_drained() && inner.pass().is_none() && !inner.close());
        inner.on_drained(|| ());
    });
    gate.close();
}

#[test]
fn a_pass_is_a_pointer() {
    assert_eq!(size_of::<Option<Pass>>(), size_of::<usize>());
}

/// R16, on real threads: the loom model proves the claim for two shards and three threads. This test uses more
/// threads.
#[test]
fn threads_that_pass_split_and_close_at_once_keep_the_promise() {
    const THREADS: usize = 6;
    for round in 0..200 {
        let gate = Gate::new();
        let drained = gate.drained();
        let start = Barrier::new(THREADS);
        let refused = AtomicBool::new(false);
        let working = AtomicUsize::new(0);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (gate, start, refused, working) = (&gate, &start, &refused, &working);
                scope.spawn(move || {
                    start.wait();
                    for step in 0.. {
                        if thread == 0 && step == round {
                            gate.close();
                            refused.store(true, Ordering::Release);
                        }
                        let late = refused.load(Ordering::Acquire);
                        let Some(pass) = gate.pass() else {
                            refused.store(true, Ordering::Release);
                            break;
                        };
                        assert!(!late, "a pass after a refusal");
                        working.fetch_add(1, Ordering::Relaxed);
                        let split = pass.split();
                        drop(pass);
                        assert!(!gate.is_drained(), "drained while a pass is out");
                        working.fetch_sub(1, Ordering::Relaxed);
                        drop(split);
                    }
                });
            }
            let waiter = scope.spawn(|| {
                let mut drained = drained;
                let mut context = Context::from_waker(Waker::noop());
                while std::pin::Pin::new(&mut drained).poll(&mut context) == Poll::Pending {
                    thread::yield_now();
                }
                assert_eq!(working.load(Ordering::Relaxed), 0, "work after the drain");
            });
            waiter.join().unwrap();
        });
        assert_eq!(gate.in_flight(), 0);
        assert!(gate.is_drained());
    }
}
