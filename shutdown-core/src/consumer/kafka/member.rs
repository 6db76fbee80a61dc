//! One member of a consumer group: the thread that polls the client, commits offsets and leaves the group.
//!
//! A call of the client may block until the broker answers, and a rebalance waits for handlers. The thread does both, so
//! that no thread of the runtime blocks. Messages do not pass through the thread: the client puts them into one queue for
//! each partition, and `next` takes them from there.

use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use super::faults::{ends_the_consumer, is_transient};
use super::offsets::{Commit, Partition};
use super::settings::Times;
use super::shared::Shared;
use crate::consumer::Error;

/// How long one look at the events of the client may take. A stop waits for it.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// The same while the last handlers are running.
const POLL_TIMEOUT_AT_STOP: Duration = Duration::from_millis(5);

/// Joins the group, in a thread of its own.
pub(super) fn join(config: &ClientConfig, topics: &[&str], shared: &Arc<Shared>) -> Result<(), Error> {
    let times = Times::of(config)?;
    let membership = Membership { shared: Arc::clone(shared), times, consumer: OnceLock::new() };
    let consumer: Arc<BaseConsumer<Membership>> = Arc::new(config.create_with_context(membership)?);
    let _ = consumer.context().consumer.set(Arc::downgrade(&consumer));
    // The thread is started first: only there may the client be dropped, which waits for the broker.
    let (topics, (sender, subscribed)) = (owned(topics), std::sync::mpsc::sync_channel(1));
    let shared = Arc::clone(shared);
    thread::Builder::new().name("lc-kafka".to_owned()).spawn(move || {
        let end = End(shared);
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let member = Member { consumer, shared: Arc::clone(&end.0), times };
        let result = member.consumer.subscribe(&topics);
        let is_member = result.is_ok();
        let _ = sender.send(result);
        if is_member {
            member.run();
        }
        member.close();
    })?;
    Ok(subscribed.recv()??)
}

fn owned(topics: &[&str]) -> Vec<String> {
    topics.iter().map(|topic| (*topic).to_owned()).collect()
}

/// Tells the source that the thread has ended, also after a panic.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.set_left();
    }
}

struct Member {
    consumer: Arc<BaseConsumer<Membership>>,
    shared: Arc<Shared>,
    times: Times,
}

impl Member {
    fn run(&self) {
        let mut committed = Instant::now();
        loop {
            let timeout = if self.shared.is_leaving() { POLL_TIMEOUT_AT_STOP } else { POLL_TIMEOUT };
            match self.consumer.poll(timeout) {
                Some(Ok(message)) => self.shared.stray(&message),
                Some(Err(error)) if ends_the_consumer(&error) => self.shared.fail(error.into()),
                // The context has logged it.
                Some(Err(_)) | None => {}
            }
            if self.shared.may_leave() {
                match self.shared.commit(&self.consumer, |_| true) {
                    Ok(()) => return,
                    // The next poll takes part in the rebalance that refused it.
                    Err(error) if is_transient(&error) && self.shared.is_awaited() => {}
                    Err(error) => {
                        let messages = self.shared.uncommitted_messages();
                        return self.shared.note_unconfirmed(repeated(messages, &error.to_string()));
                    }
                }
            } else if self.times.commit_interval.is_some_and(|interval| committed.elapsed() >= interval) {
                if let Err(error) = self.shared.commit(&self.consumer, |_| true) {
                    tracing::warn!("offsets were not committed, and will be again: {error}");
                }
                committed = Instant::now();
            }
        }
    }

    /// Leaves the group, and returns when the broker knows it.
    fn close(self) {
        self.shared.remove_queues();
        // The last handle, as there are no queues.
        drop(self.consumer);
    }
}

fn repeated(messages: u64, reason: &str) -> String {
    format!(
        "{messages} handled messages are delivered again, because their offsets were not committed: {reason}"
    )
}

impl Shared {
    /// Commits what is done in those partitions for which `of` holds, and waits for the broker.
    fn commit(
        &self,
        consumer: &BaseConsumer<Membership>,
        of: impl Fn(&Partition) -> bool,
    ) -> KafkaResult<()> {
        let commits = self.uncommitted(of);
        if commits.is_empty() {
            return Ok(());
        }
        let mut offsets = TopicPartitionList::with_capacity(commits.len());
        for Commit { partition, offset, .. } in &commits {
            offsets.add_partition_offset(&partition.topic, partition.number, Offset::Offset(*offset))?;
        }
        consumer.commit(&offsets, CommitMode::Sync)?;
        self.confirm(&commits);
        Ok(())
    }
}

/// What the client calls back, on the thread of the member.
pub(super) struct Membership {
    shared: Arc<Shared>,
    times: Times,
    /// The client itself, which takes a queue apart only through a shared handle.
    consumer: OnceLock<Weak<BaseConsumer<Membership>>>,
}

impl Membership {
    /// Takes the queue of a partition apart. It has to happen before the partition is assigned, so that no message is in
    /// the common queue.
    fn assign(&self, partition: &Partition) {
        let consumer = self.consumer.get().and_then(Weak::upgrade);
        let queue =
            consumer.and_then(|consumer| consumer.split_partition_queue(&partition.topic, partition.number));
        self.shared.assign(partition, queue);
    }

    /// Finishes and commits what was given, and lets go of the rest.
    fn revoke(&self, consumer: &BaseConsumer<Membership>, partitions: &[Partition]) {
        // Another member may have them already: the commit would be refused.
        let lost = consumer.assignment_lost();
        let reason = if lost {
            Some("the group gave their partitions to another member".to_owned())
        } else {
            self.shared.revoke(partitions, self.shared.rebalance_wait().min(self.times.rebalance_limit / 2));
            let committed = self.shared.commit(consumer, |partition| partitions.contains(partition));
            committed.err().map(|error| error.to_string())
        };
        let left = self.shared.remove(partitions);
        if let Some(reason) = reason
            && left.repeated > 0
        {
            self.shared.note_unconfirmed(repeated(left.repeated, &reason));
        }
        if left.out > 0 {
            tracing::warn!(messages = left.out, "a partition was taken away from running handlers");
        }
    }
}

impl ConsumerContext for Membership {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                for partition in &partitions(list) {
                    self.assign(partition);
                }
                self.shared.set_joined();
            }
            Rebalance::Revoke(list) => self.revoke(consumer, &partitions(list)),
            Rebalance::Error(error) => tracing::warn!("a rebalance failed: {error}"),
        }
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, "{message}"),
            RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(target: "librdkafka", "{error}: {reason}");
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<Partition> {
    let elements = list.elements();
    let partitions = elements
        .iter()
        .map(|element| Partition { topic: element.topic().into(), number: element.partition() });
    partitions.collect()
}
