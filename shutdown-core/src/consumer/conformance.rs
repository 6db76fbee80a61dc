//! Checks that a [`Source`] keeps the rules that a consumer relies on.
//!
//! The author of a source implements [`Broker`] in a test, and calls [`conformance`](fn@conformance). Each [`Rule`] is
//! checked on a queue of its own, all rules at the same time. The sources in [`consumer`](super) pass.
//!
//! A queue in memory, which also is an example of a source:
//!
//! ```
//! use lifecycle::consumer::conformance::Broker;
//! use lifecycle::consumer::{Error, Receipt, Source, conformance};
//! use std::collections::{HashMap, VecDeque};
//! use std::ops::Range;
//! use std::sync::{Arc, Mutex};
//! use std::time::Duration;
//! use tokio::sync::Notify;
//!
//! #[derive(Default)]
//! struct Queue {
//!     waiting: Mutex<VecDeque<u64>>,
//!     published: Notify,
//! }
//!
//! struct Queued {
//!     queue: Arc<Queue>,
//!     cancelled: bool,
//! }
//!
//! impl Source for Queued {
//!     type Message = u64;
//!     type Receipt = Taken;
//!
//!     async fn next(&mut self) -> Option<Result<(u64, Taken), Error>> {
//!         loop {
//!             let published = self.queue.published.notified();
//!             if self.cancelled {
//!                 return None; // nothing is sent ahead
//!             }
//!             // No `await` comes after this, so that a dropped call loses no message.
//!             let message = self.queue.waiting.lock().unwrap().pop_front();
//!             if let Some(message) = message {
//!                 let taken = Taken { queue: self.queue.clone(), message: Some(message) };
//!                 return Some(Ok((message, taken)));
//!             }
//!             published.await;
//!         }
//!     }
//!
//!     async fn cancel(&mut self) -> Result<(), Error> {
//!         self.cancelled = true;
//!         Ok(())
//!     }
//! }
//!
//! struct Taken {
//!     queue: Arc<Queue>,
//!     message: Option<u64>,
//! }
//!
//! impl Receipt for Taken {
//!     async fn ack(mut self) -> Result<(), Error> {
//!         self.message = None;
//!         Ok(())
//!     }
//!
//!     async fn requeue(self) -> Result<(), Error> {
//!         Ok(()) // `drop` does it
//!     }
//! }
//!
//! impl Drop for Taken {
//!     fn drop(&mut self) {
//!         if let Some(message) = self.message {
//!             self.queue.waiting.lock().unwrap().push_front(message);
//!             self.queue.published.notify_one();
//!         }
//!     }
//! }
//!
//! #[derive(Default)]
//! struct InMemory(Mutex<HashMap<String, Arc<Queue>>>);
//!
//! impl InMemory {
//!     fn queue(&self, name: &str) -> Arc<Queue> {
//!         self.0.lock().unwrap().entry(name.to_owned()).or_default().clone()
//!     }
//! }
//!
//! impl Broker for InMemory {
//!     type Source = Queued;
//!
//!     async fn create(&self, queue: &str) -> Result<(), Error> {
//!         self.queue(queue);
//!         Ok(())
//!     }
//!
//!     async fn publish(&self, queue: &str, numbers: Range<u64>) -> Result<(), Error> {
//!         let queue = self.queue(queue);
//!         queue.waiting.lock().unwrap().extend(numbers);
//!         queue.published.notify_one();
//!         Ok(())
//!     }
//!
//!     async fn open(&self, queue: &str) -> Result<Queued, Error> {
//!         Ok(Queued { queue: self.queue(queue), cancelled: false })
//!     }
//!
//!     fn number(&self, message: &u64) -> Option<u64> {
//!         Some(*message)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), lifecycle::consumer::conformance::Faults> {
//! conformance(&InMemory::default(), Duration::from_secs(10)).await
//! # }
//! ```

mod rules;
mod trial;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;

use self::trial::Trial;
use super::{Error, Source};

/// A broker with queues of numbered messages, and the source to check.
///
/// The methods are called for several queues at the same time.
pub trait Broker: Sync {
    /// The source to check.
    type Source: Source;

    /// Creates an empty queue with this name, which has only ASCII letters and hyphens. A queue of this name from an
    /// earlier run has to be emptied.
    ///
    /// # Errors
    ///
    /// If the broker refuses it.
    fn create(&self, queue: &str) -> impl Future<Output = Result<(), Error>> + Send;

    /// Publishes a message for each number, in this order. Returns when the broker has all of them.
    ///
    /// # Errors
    ///
    /// If the broker may not have all of them.
    fn publish(&self, queue: &str, numbers: Range<u64>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Opens a source of this queue over a connection of its own, as the next process of a service would do. The
    /// connection has to close when the source and its receipts are dropped. The source has to give at least 10 messages
    /// before the first is acknowledged.
    ///
    /// # Errors
    ///
    /// If the broker refuses it.
    fn open(&self, queue: &str) -> impl Future<Output = Result<Self::Source, Error>> + Send;

    /// Returns the number of a message. `None` if the message was not published by [`publish`](Broker::publish).
    fn number(&self, message: &<Self::Source as Source>::Message) -> Option<u64>;

    /// Counts the messages of this queue that are not acknowledged. Defaults to `None`: the broker cannot count them.
    ///
    /// # Errors
    ///
    /// If the broker does not answer.
    fn left(&self, queue: &str) -> impl Future<Output = Result<Option<u64>, Error>> + Send {
        let _ = queue;
        async { Ok(None) }
    }

    /// Returns the partition of a message: the messages of one partition are given in their order. Defaults to one
    /// partition for all messages.
    fn partition(&self, number: u64) -> u64 {
        let _ = number;
        0
    }

    /// Lists what this broker cannot do. Defaults to nothing.
    fn limits(&self) -> &[Limit] {
        &[]
    }
}

/// What a broker cannot do. The docs of its source should say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Messages are given in any order.
    AnyOrder,
    /// An acknowledgement counts after each earlier message of its partition is acknowledged. If an earlier message is
    /// requeued, the later messages of its partition may be given again (Kafka).
    AckInOrder,
    /// A source does not give a message for [`retry_later`](super::Receipt::retry_later) again. The next source does
    /// (Redis streams).
    RetryByNextSource,
    /// A request for messages cannot be taken back. A message that is published after
    /// [`cancel`](super::Source::cancel) can be given (NATS JetStream).
    OpenRequest,
}

/// A rule for sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// A source gives each message once: 200 messages that were published before.
    EachOnce,
    /// A source gives the messages of each [partition](Broker::partition) in their order. Not with [`Limit::AnyOrder`].
    InOrder,
    /// A call of [`next`](Source::next) that waits gets a message that is published meanwhile.
    Waits,
    /// A dropped call of [`next`](Source::next) loses no message. Drops 4,000 calls, polled one to four times.
    DroppedNext,
    /// [`next`](Source::next) returns `None` after [`cancel`](Source::cancel), and does not wait for a message.
    CancelEnds,
    /// A message that was published after [`cancel`](Source::cancel) is not given. Not with [`Limit::OpenRequest`].
    CancelStops,
    /// A message can be acknowledged after [`cancel`](Source::cancel).
    AckAfterCancel,
    /// An acknowledged message is not given again: 100 messages.
    Ack,
    /// Messages can be acknowledged in any order.
    AckInAnyOrder,
    /// An acknowledgement applies to one message. Others come again. Acknowledged ones may with [`Limit::AckInOrder`].
    AckOfOne,
    /// The next source gets each message that was requeued, also after [`cancel`](Source::cancel), and no other one.
    Requeue,
    /// A message for [`retry_later`](super::Receipt::retry_later) is given again. With [`Limit::RetryByNextSource`] by the
    /// next source.
    RetryLater,
    /// A [rejected](super::Receipt::reject) message is not given again.
    Reject,
    /// After [`finish`](Source::finish) the broker knows each acknowledgement, although the source still exists.
    Finish,
    /// If a source is dropped without [`cancel`](Source::cancel), the next source gets the messages that were not
    /// acknowledged.
    DroppedSource,
    /// The broker keeps no message that was acknowledged, by its [own count](Broker::left).
    NothingLeft,
}

impl Rule {
    const ALL: [Rule; 16] = [
        Rule::EachOnce,
        Rule::InOrder,
        Rule::Waits,
        Rule::DroppedNext,
        Rule::CancelEnds,
        Rule::CancelStops,
        Rule::AckAfterCancel,
        Rule::Ack,
        Rule::AckInAnyOrder,
        Rule::AckOfOne,
        Rule::Requeue,
        Rule::RetryLater,
        Rule::Reject,
        Rule::Finish,
        Rule::DroppedSource,
        Rule::NothingLeft,
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::EachOnce => "each message is given once",
            Rule::InOrder => "the messages of a partition are given in their order",
            Rule::Waits => "`next` waits for a message",
            Rule::DroppedNext => "a dropped `next` loses no message",
            Rule::CancelEnds => "`next` ends after `cancel`",
            Rule::CancelStops => "a message that is published after `cancel` is not given",
            Rule::AckAfterCancel => "a message can be acknowledged after `cancel`",
            Rule::Ack => "an acknowledged message is not given again",
            Rule::AckInAnyOrder => "messages can be acknowledged in any order",
            Rule::AckOfOne => "an acknowledgement applies to one message",
            Rule::Requeue => "the next source gets each requeued message",
            Rule::RetryLater => "a message for `retry_later` is given again",
            Rule::Reject => "a rejected message is not given again",
            Rule::Finish => "the broker knows each acknowledgement after `finish`",
            Rule::DroppedSource => "the messages of a dropped source are given again",
            Rule::NothingLeft => "the broker keeps no acknowledged message",
        })
    }
}

/// A rule that a source does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The rule.
    pub rule: Rule,
    /// What happened.
    pub seen: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { rule, seen } = self;
        write!(f, "{rule}: {seen} ({rule:?})")
    }
}

/// The rules that a source does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Returns the faults, at most one for each rule, in the order of the rules.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the source does not keep {} of {} rules", self.0.len(), Rule::ALL.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
    }
}

impl std::error::Error for Faults {}

/// Checks that the source of this broker keeps every [`Rule`].
///
/// The rules are checked at the same time. Each check, and so the whole function, ends within `timeout`. A message that
/// does not come within this time is a fault. It has to be longer than the broker takes to deliver the messages of a dead
/// consumer again (the acknowledgement time-out of JetStream).
///
/// # Errors
///
/// The rules that the source does not keep, each with what happened.
///
/// # Panics
///
/// Outside of a tokio runtime with a timer.
///
/// # Cancel safety
///
/// If the future is dropped, the queues stay at the broker.
pub async fn conformance<B: Broker>(broker: &B, timeout: Duration) -> Result<(), Faults> {
    let until = tokio::time::Instant::now() + timeout;
    let checks = Rule::ALL.map(|rule| async move {
        let trial = Trial::new(broker, rule, timeout, until);
        let checked = async {
            trial.create().await?;
            rules::check(rule, &trial).await
        };
        checked.await.err().map(|seen| Fault { rule, seen })
    });
    let faults: Vec<Fault> = join_all(checks).await.into_iter().flatten().collect();
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
}
