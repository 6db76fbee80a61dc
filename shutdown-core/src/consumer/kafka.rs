//! Kafka, through rdkafka.

mod dead_letters;
mod faults;
mod member;
mod offsets;
mod settings;
mod shared;

use std::fmt;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::select;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{BorrowedMessage, OwnedMessage};
use rdkafka::producer::FutureProducer;

use self::dead_letters::DeadLetters;
use self::offsets::Ticket;
use self::shared::{Shared, Taken};
use super::{Error, Receipt, Source};

/// The pause before a failed message is given again, at the first failure. It doubles at each further one.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);
/// How long a rebalance waits for the handlers of the partitions that are taken away.
const REBALANCE_WAIT: Duration = Duration::from_secs(30);
/// How long the broker has to confirm the last commit, and that the consumer leaves its group.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The messages of Kafka topics, as a member of a consumer group.
///
/// # Order
///
/// A message is given after the message before it in its partition has its verdict. The order of a partition is kept,
/// and a [`concurrency`](super::Consumer::concurrency) above 1 handles several partitions at once. A concurrency above
/// the number of partitions has no effect. [`per_partition`](KafkaTopic::per_partition) gives the order up.
///
/// # Offsets
///
/// An offset is committed after every message before it is acknowledged: every `auto.commit.interval.ms` (5 s), before
/// a partition is taken away, and at the stop. After a crash the messages of at most that interval are delivered again.
///
/// # Rebalance
///
/// If the group takes a partition away:
///
/// 1. The partition gives no further message.
/// 2. Handlers of its messages finish, for at most [`rebalance_wait`](KafkaTopic::rebalance_wait) (30 s).
/// 3. Its offset is committed, and the broker confirms that.
/// 4. The next owner gets the rest.
///
/// Meanwhile the other members of the group may wait, so a handler should be short. If a handler takes longer, its
/// message is handled again by the next owner. The late acknowledgement is logged, and counts as
/// [`ConsumeError::Unconfirmed`](super::ConsumeError::Unconfirmed). The same holds after a session time-out
/// (`session.timeout.ms`). Eager and cooperative assignors both work.
///
/// A thread of its own polls the client, in place of a `StreamConsumer`: a rebalance waits for handlers and for the broker,
/// and would block a thread of the runtime. A handler that takes longer than `max.poll.interval.ms` therefore keeps its
/// partition, and nothing is handled twice. If the whole process stood still for that long, the member rejoins.
///
/// # The stop
///
/// 1. No further message is given. Messages that were sent ahead are not committed.
/// 2. Running handlers finish, and their partitions stay assigned until the last handler has ended.
/// 3. The offsets are committed, and the broker confirms that.
/// 4. The member leaves the group, so that the others take over at once and not after the session time-out.
///
/// Steps 3 and 4 take at most 5 s, and no longer than the drain. If the broker does not answer, the consumer fails with
/// [`ConsumeError::Source`](super::ConsumeError::Source), which says how many handled messages may be delivered again.
///
/// A static member (`group.instance.id`) does not leave: its partitions wait for its restart, for at most
/// `session.timeout.ms`. That is Kafka's rule.
///
/// # Verdicts
///
/// | verdict | effect |
/// |---|---|
/// | [`Ack`](super::Verdict::Ack) | the offset may be committed |
/// | [`Requeue`](super::Verdict::Requeue) | the partition pauses and gives the message again, as a seek back would: after 100 ms, then 200 ms, .. at most [`back_off`](KafkaTopic::back_off) (5 s). Later messages of the partition wait, without a limit of attempts |
/// | [`Reject`](super::Verdict::Reject) | the message is sent to the topic of [`dead_letters`](KafkaTopic::dead_letters), and acknowledged after the broker has it. Without that topic it is logged and acknowledged |
///
/// # Example
///
/// ```no_run
/// use lifecycle::consumer::{Consumer, KafkaTopic};
/// use rdkafka::{ClientConfig, Message as _};
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let mut config = ClientConfig::new();
/// config.set("bootstrap.servers", "kafka:9092").set("group.id", "billing");
/// config.set("auto.offset.reset", "earliest");
/// config.set("partition.assignment.strategy", "cooperative-sticky");
/// Consumer::new(KafkaTopic::subscribe(&config, &["orders"])?)
///     .name("orders")
///     .concurrency(16) // partitions at once
///     .run(|message| async move {
///         println!("{:?}", message.payload());
///         Ok::<_, std::io::Error>(())
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct KafkaTopic {
    shared: Arc<Shared>,
    dead_letters: Option<Arc<DeadLetters>>,
    longest_back_off: Duration,
}

impl KafkaTopic {
    /// Joins the group `group.id` as a consumer of these topics.
    ///
    /// The messages that the client fetches ahead take up to `queued.max.messages.kbytes` (64 MiB) for each partition.
    /// Errors of the client are logged through `tracing`, with the target `librdkafka`.
    ///
    /// # Errors
    ///
    /// - without a topic, or without `group.id`
    /// - if `enable.auto.commit` or `enable.auto.offset.store` is set to something else than `false`
    /// - if the client refuses the configuration
    ///
    /// A broker that is not there is not an error. The client connects when it can.
    pub fn subscribe(config: &ClientConfig, topics: &[&str]) -> Result<KafkaTopic, Error> {
        let config = settings::checked(config, topics)?;
        let shared = Shared::new(REBALANCE_WAIT);
        member::join(&config, topics, &shared)?;
        Ok(KafkaTopic { shared, dead_letters: None, longest_back_off: LONGEST_BACK_OFF })
    }

    /// Waits until the group has accepted the consumer as a member, which takes a few seconds.
    ///
    /// If a service awaits it before [`ready`](crate::ready), a rolling update stops the old instance after the new one has
    /// joined.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn joined(&self) {
        self.shared.joined().await;
    }

    /// Returns a future that completes when the consumer has left its group.
    ///
    /// The consumer leaves after the drain, or after the source is dropped. The future outlives the source. A program
    /// awaits it before it opens another source of the same group, if no rebalance between the two is wanted.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn left(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.over().await }
    }

    /// Configures the topic for messages that are [rejected](super::Verdict::Reject), and the producer that sends them.
    ///
    /// A dead letter keeps the key, the payload, the time and the headers of the message. The headers
    /// `original-topic`, `original-partition` and `original-offset` are added. If it cannot be delivered within
    /// `delivery.timeout.ms`, the message is given again after a pause. The producer is a resource, which the teardown
    /// closes after the consumer has ended.
    #[must_use]
    #[doc(alias = "dlq")]
    pub fn dead_letters<C>(mut self, producer: FutureProducer<C>, topic: impl Into<String>) -> KafkaTopic
    where
        C: ClientContext + 'static,
    {
        self.dead_letters = Some(Arc::new(DeadLetters::new(producer, topic.into())));
        self
    }

    /// Configures the longest pause before a failed message is given again. Defaults to 5 s.
    #[must_use]
    pub fn back_off(mut self, longest: Duration) -> KafkaTopic {
        self.longest_back_off = longest;
        self
    }

    /// Configures how many messages of one partition are handled at once. Defaults to 1, and 0 counts as 1.
    ///
    /// With more, they end in any order. The offset of a message counts after every message before it is acknowledged,
    /// and so many messages of a partition can be delivered again after a crash or a late rebalance.
    #[must_use]
    pub fn per_partition(self, messages: usize) -> KafkaTopic {
        self.shared.set_width(messages);
        self
    }

    /// Configures how long a rebalance waits for running handlers. Defaults to 30 s, and is at most half of
    /// `max.poll.interval.ms`.
    #[must_use]
    pub fn rebalance_wait(self, longest: Duration) -> KafkaTopic {
        self.shared.set_rebalance_wait(longest);
        self
    }
}

impl Source for KafkaTopic {
    type Message = KafkaMessage;
    type Receipt = KafkaReceipt;

    async fn next(&mut self) -> Option<Result<(KafkaMessage, KafkaReceipt), Error>> {
        loop {
            let mut changed = pin!(self.shared.changed());
            changed.as_mut().enable();
            let now = tokio::time::Instant::now().into_std();
            let due = match self.shared.take(now) {
                Taken::Message(ticket, message) => {
                    let held = Held {
                        shared: Arc::clone(&self.shared),
                        ticket,
                        message: message.clone(),
                        dead_letters: self.dead_letters.clone(),
                        longest_back_off: self.longest_back_off,
                    };
                    return Some(Ok((message, KafkaReceipt(Some(held)))));
                }
                Taken::Failed(error) => return Some(Err(error)),
                Taken::Over => return None,
                Taken::Nothing(due) => due,
            };
            match due {
                Some(due) => {
                    let _ = select(changed, pin!(tokio::time::sleep_until(due.into()))).await;
                }
                None => changed.await,
            }
        }
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        self.shared.leave();
        Ok(())
    }

    /// Waits until the broker has the last offsets and the member has left its group, for at most 5 s.
    async fn finish(&mut self) -> Result<(), Error> {
        self.shared.leave();
        self.shared.left_within(LEAVE_TIMEOUT).await
    }
}

impl Drop for KafkaTopic {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

impl fmt::Debug for KafkaTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTopic").field("dead_letters", &self.dead_letters).finish_non_exhaustive()
    }
}

/// A message of a [`KafkaTopic`]. Clones share their content. The trait `rdkafka::Message` has the methods that read it.
#[derive(Clone, Debug)]
pub struct KafkaMessage(Arc<OwnedMessage>);

impl KafkaMessage {
    fn of(message: &BorrowedMessage<'_>) -> KafkaMessage {
        KafkaMessage(Arc::new(message.detach()))
    }
}

impl Deref for KafkaMessage {
    type Target = OwnedMessage;

    fn deref(&self) -> &OwnedMessage {
        &self.0
    }
}

/// The receipt of a message of a [`KafkaTopic`]. If it is dropped, its message is requeued.
pub struct KafkaReceipt(Option<Held>);

struct Held {
    shared: Arc<Shared>,
    ticket: Ticket,
    message: KafkaMessage,
    dead_letters: Option<Arc<DeadLetters>>,
    longest_back_off: Duration,
}

impl KafkaReceipt {
    fn held(&self) -> &Held {
        self.0.as_ref().expect("a receipt is used once")
    }

    fn acknowledge(mut self) -> Result<(), Error> {
        match self.0.take() {
            Some(held) => held.shared.ack(&held.ticket),
            None => Ok(()),
        }
    }

    /// Pauses its partition, and gives the message again after that. Later messages of the partition wait.
    fn give_again_later(mut self) {
        if let Some(held) = self.0.take() {
            let doubled = FIRST_BACK_OFF.saturating_mul(2_u32.saturating_pow(held.ticket.attempts));
            let now = tokio::time::Instant::now().into_std();
            let at = now + doubled.min(held.longest_back_off);
            held.shared.again(&held.ticket, held.message, at);
        }
    }
}

impl Receipt for KafkaReceipt {
    async fn ack(self) -> Result<(), Error> {
        self.acknowledge()
    }

    async fn requeue(mut self) -> Result<(), Error> {
        let Some(held) = self.0.take() else { return Ok(()) };
        let was_last = held.shared.again(&held.ticket, held.message, Instant::now());
        // The process may be about to exit. Acknowledged messages have to be committed until then.
        if was_last { held.shared.left_within(LEAVE_TIMEOUT).await } else { Ok(()) }
    }

    async fn retry_later(self) -> Result<(), Error> {
        self.give_again_later();
        Ok(())
    }

    async fn reject(self) -> Result<(), Error> {
        let Held { message, dead_letters, ticket, shared, .. } = self.held();
        if let Some(dead_letters) = dead_letters {
            if let Err(error) = dead_letters.send(message.clone()).await {
                self.give_again_later();
                return Err(error);
            }
        } else {
            shared.log_rejected(ticket);
        }
        self.acknowledge()
    }
}

impl Drop for KafkaReceipt {
    fn drop(&mut self) {
        if let Some(held) = self.0.take() {
            held.shared.again(&held.ticket, held.message, Instant::now());
        }
    }
}

impl fmt::Debug for KafkaReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KafkaReceipt").field(&self.0.as_ref().map(|held| &held.ticket)).finish()
    }
}
