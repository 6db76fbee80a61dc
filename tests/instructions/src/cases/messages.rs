//! Messages from a source in memory, with a handler that does nothing.

use std::hint::black_box;
use std::ops::Range;

use lifecycle::Lifecycle;
use lifecycle::consumer::{Consumer, Error, Receipt, Source};

/// Handles each message before the next one is taken.
pub(super) fn one_at_a_time(times: u64) {
    consume(times, 1);
}

/// Handles each message in a task of its own.
pub(super) fn many_at_a_time(times: u64) {
    consume(times, 64);
}

fn consume(times: u64, concurrency: usize) {
    let consumer = Consumer::new(InMemory { left: 0..times, is_cancelled: false }).concurrency(concurrency);
    let run = consumer.run(move |number| async move {
        if black_box(number) == times - 1 {
            lifecycle::shutdown("each message is handled");
        }
    });
    let report = super::runtime().block_on(Lifecycle::builder().build().run(run));
    assert!(report.is_clean(), "{report}");
}

struct InMemory {
    left: Range<u64>,
    is_cancelled: bool,
}

struct Nothing;

impl Source for InMemory {
    type Message = u64;
    type Receipt = Nothing;

    async fn next(&mut self) -> Option<Result<(u64, Nothing), Error>> {
        match self.left.next() {
            Some(number) => Some(Ok((number, Nothing))),
            None if self.is_cancelled => None,
            None => std::future::pending().await,
        }
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        self.is_cancelled = true;
        Ok(())
    }
}

impl Receipt for Nothing {
    async fn ack(self) -> Result<(), Error> {
        Ok(())
    }

    async fn requeue(self) -> Result<(), Error> {
        Ok(())
    }
}
