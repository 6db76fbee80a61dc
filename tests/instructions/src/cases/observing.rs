//! What a handler asks for often.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

use lifecycle::Lifecycle;

/// Takes a pass and gives it back.
pub(super) fn pass(times: u64) {
    running(|| {
        for _ in 0..times {
            let pass = black_box(lifecycle::pass());
            assert!(pass.is_some());
        }
    });
}

/// Polls one future that waits for the stop.
pub(super) fn stopping(times: u64) {
    running(|| {
        let mut stopping = pin!(lifecycle::stopping());
        let waker = Waker::noop();
        for _ in 0..times {
            let polled = stopping.as_mut().poll(&mut Context::from_waker(black_box(waker)));
            assert!(black_box(polled).is_pending());
        }
    });
}

/// Calls `work` inside a lifecycle that is ready.
fn running(work: impl FnOnce()) {
    let lifecycle = Lifecycle::builder().build();
    lifecycle.ready();
    lifecycle.scope(work);
}
