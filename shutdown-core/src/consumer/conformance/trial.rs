//! The check of one rule: a queue, the steps of a source, and what is said if a step fails.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Broker, Limit, Rule};
use crate::consumer::{Error, Receipt, Source};

/// What was seen, if it was not what the rule says.
pub(super) type Checked<T = ()> = Result<T, String>;

/// A message that a source has given.
pub(super) struct Given<B: Broker> {
    pub(super) number: u64,
    pub(super) receipt: <B::Source as Source>::Receipt,
}

/// The check of one rule, on a queue of its own.
pub(super) struct Trial<'a, B> {
    broker: &'a B,
    queue: String,
    timeout: Duration,
    until: Instant,
}

impl<'a, B: Broker> Trial<'a, B> {
    pub(super) fn new(broker: &'a B, rule: Rule, timeout: Duration, until: Instant) -> Trial<'a, B> {
        Trial { broker, queue: format!("conformance-{rule:?}"), timeout, until }
    }

    pub(super) fn broker(&self) -> &B {
        self.broker
    }

    pub(super) fn is_limited(&self, limit: Limit) -> bool {
        self.broker.limits().contains(&limit)
    }

    /// Creates the queue.
    pub(super) async fn create(&self) -> Checked {
        self.step("`create`", self.broker.create(&self.queue)).await
    }

    /// Publishes these messages.
    pub(super) async fn publish(&self, numbers: Range<u64>) -> Checked {
        self.step("`publish`", self.broker.publish(&self.queue, numbers)).await
    }

    /// Opens a source.
    pub(super) async fn open(&self) -> Checked<B::Source> {
        self.step("`open`", self.broker.open(&self.queue)).await
    }

    /// Counts the messages that the broker keeps.
    pub(super) async fn left(&self) -> Checked<Option<u64>> {
        self.step("`left`", self.broker.left(&self.queue)).await
    }

    /// Awaits a call that may fail.
    pub(super) async fn step<T>(
        &self,
        what: &str,
        step: impl Future<Output = Result<T, Error>>,
    ) -> Checked<T> {
        let ended = self.within(what, step).await?;
        ended.map_err(|error| format!("{what} failed: {error}"))
    }

    async fn within<T>(&self, what: &str, step: impl Future<Output = T>) -> Checked<T> {
        let late = |_| format!("{what} did not end within {:?}", self.timeout);
        // Boxed, because the calls of a client library may need much of the stack.
        timeout_at(self.until, Box::pin(step)).await.map_err(late)
    }

    /// Returns what `next` has returned.
    pub(super) fn given(
        &self,
        next: Option<Result<(<B::Source as Source>::Message, <B::Source as Source>::Receipt), Error>>,
    ) -> Checked<Option<Given<B>>> {
        let Some(next) = next else { return Ok(None) };
        let (message, receipt) = next.map_err(|error| format!("`next` failed: {error}"))?;
        let number = self.broker.number(&message).ok_or("a message without a number was given")?;
        Ok(Some(Given { number, receipt }))
    }

    /// Takes one message.
    pub(super) async fn take_one(&self, source: &mut B::Source) -> Checked<Given<B>> {
        let next = self.within("`next`", source.next()).await?;
        self.given(next)?.ok_or_else(|| "`next` returned `None` before `cancel`".to_owned())
    }

    /// Takes so many messages.
    pub(super) async fn take(&self, source: &mut B::Source, count: usize) -> Checked<Vec<Given<B>>> {
        let mut taken: Vec<Given<B>> = Vec::new();
        while taken.len() < count {
            let one = self.take_one(source).await.map_err(|seen| {
                format!("{seen}, after {} of {count} messages: {}", taken.len(), Numbers::of(&taken))
            })?;
            taken.push(one);
        }
        Ok(taken)
    }

    /// Acknowledges these messages.
    pub(super) async fn ack(&self, given: impl IntoIterator<Item = Given<B>>) -> Checked {
        for Given { number, receipt } in given {
            self.step(&format!("`ack` of message {number}"), receipt.ack()).await?;
        }
        Ok(())
    }

    /// Requeues these messages.
    pub(super) async fn requeue(&self, given: impl IntoIterator<Item = Given<B>>) -> Checked {
        for Given { number, receipt } in given {
            self.step(&format!("`requeue` of message {number}"), receipt.requeue()).await?;
        }
        Ok(())
    }

    pub(super) async fn cancel(&self, source: &mut B::Source) -> Checked {
        self.step("`cancel`", source.cancel()).await
    }

    /// Takes the messages that are given after `cancel`.
    pub(super) async fn drain(&self, source: &mut B::Source) -> Checked<Vec<Given<B>>> {
        let mut drained = Vec::new();
        loop {
            let next = self.within("`next` after `cancel`", source.next()).await?;
            match self.given(next)? {
                Some(given) => drained.push(given),
                None => return Ok(drained),
            }
        }
    }

    pub(super) async fn finish(&self, source: &mut B::Source) -> Checked {
        self.step("`finish`", source.finish()).await
    }

    /// Ends a source as a consumer does: cancels it, requeues what was sent ahead, and finishes it.
    pub(super) async fn stop(&self, source: &mut B::Source) -> Checked {
        self.cancel(source).await?;
        let ahead = self.drain(source).await?;
        self.requeue(ahead).await?;
        self.finish(source).await
    }

    /// Checks that another source gets each of the messages that are `due`, and none but these and the `tolerated` ones.
    ///
    /// A last message, of a number that is not used yet, shows that no more come.
    pub(super) async fn next_source_gets(&self, due: &[u64], tolerated: &[u64], last: u64) -> Checked {
        let in_next_source = |seen| format!("in the next source: {seen}");
        let mut source = self.open().await?;
        let mut missing: BTreeSet<u64> = due.iter().copied().collect();
        while !missing.is_empty() {
            let given = self.take_one(&mut source).await.map_err(|seen| {
                format!(
                    "in the next source: {seen}; due and not given: {}",
                    Numbers::from_iter(missing.clone())
                )
            })?;
            let number = given.number;
            if !missing.remove(&number) && !tolerated.contains(&number) {
                return Err(format!("the next source gave message {number}, which was not due"));
            }
            self.ack([given]).await.map_err(in_next_source)?;
        }
        self.publish(last..last + 1).await?;
        let mut after = Vec::new();
        while after.last() != Some(&last) {
            let given = self.take_one(&mut source).await.map_err(in_next_source)?;
            after.push(given.number);
            self.ack([given]).await.map_err(in_next_source)?;
        }
        self.cancel(&mut source).await.map_err(in_next_source)?;
        let ahead = self.drain(&mut source).await.map_err(in_next_source)?;
        after.extend(ahead.iter().map(|given| given.number));
        self.ack(ahead).await.map_err(in_next_source)?;
        self.finish(&mut source).await.map_err(in_next_source)?;
        let unexpected: Vec<u64> =
            after.into_iter().filter(|number| *number != last && !tolerated.contains(number)).collect();
        match unexpected.is_empty() {
            true => Ok(()),
            false => Err(format!("given again: {}", Numbers::from_iter(unexpected))),
        }
    }
}

/// The numbers of some messages, for a reader.
pub(super) struct Numbers(Vec<u64>);

impl Numbers {
    pub(super) fn of<B: Broker>(given: &[Given<B>]) -> Numbers {
        given.iter().map(|given| given.number).collect()
    }
}

impl FromIterator<u64> for Numbers {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Numbers {
        Numbers(numbers.into_iter().collect())
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        let shown: Vec<String> = self.0.iter().take(SHOWN).map(u64::to_string).collect();
        f.write_str(&shown.join(", "))?;
        match self.0.len().checked_sub(SHOWN) {
            Some(more @ 1..) => write!(f, " and {more} more"),
            _ => Ok(()),
        }
    }
}
