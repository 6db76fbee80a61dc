//! Message consumers that lose no message when they stop, and handle none twice.
//!
//! A [`Consumer`] takes messages from a [`Source`], passes each to a handler, and acknowledges it when the handler has
//! returned.
//!
//! # What happens at the stop
//!
//! | step | what happens |
//! |---|---|
//! | the stop begins | the consumer cancels its subscription (`basic.cancel`) and takes no further message |
//! | | messages whose handler is running are finished and acknowledged: they are in flight, and the drain waits for them |
//! | | messages that were delivered and not begun are requeued, so that another consumer gets them at once |
//! | the drain ends | a handler that is still running is dropped, its message is requeued, and the report counts it |
//!
//! The connection to the broker is a resource of its own. It closes in the cleanup, after the last acknowledgement. If
//! work was cut, it stays open for at most 500 ms more, until the broker knows what becomes of those messages.
//!
//! # Sources
//!
//! | broker | source | features |
//! |---|---|---|
//! | RabbitMQ, AMQP 0.9.1 | `AmqpQueue` | `consumer`, `lapin` |
//! | NATS JetStream | `JetStream` | `consumer`, `async-nats` |
//! | Kafka | `KafkaTopic` | `consumer`, `rdkafka` |
//! | Redis streams | `RedisStream` | `consumer`, `redis` |
//! | Redis lists | `RedisList` | `consumer`, `redis` |
//!
//! A source of your own takes a few lines. [`conformance`](mod@conformance) checks its rules:
//!
//! ```
//! use lifecycle::consumer::{Consumer, Error, Receipt, Source};
//! use std::collections::VecDeque;
//! use std::sync::{Arc, Mutex};
//!
//! #[derive(Clone, Default)]
//! struct Queue(Arc<Mutex<VecDeque<String>>>);
//!
//! impl Source for Queue {
//!     type Message = String;
//!     type Receipt = Taken;
//!
//!     async fn next(&mut self) -> Option<Result<(String, Taken), Error>> {
//!         let message = self.0.lock().unwrap().pop_front()?;
//!         Some(Ok((message.clone(), Taken { queue: self.clone(), message })))
//!     }
//!
//!     async fn cancel(&mut self) -> Result<(), Error> {
//!         Ok(()) // nothing is sent ahead
//!     }
//! }
//!
//! struct Taken {
//!     queue: Queue,
//!     message: String,
//! }
//!
//! impl Receipt for Taken {
//!     async fn ack(self) -> Result<(), Error> {
//!         Ok(())
//!     }
//!
//!     async fn requeue(self) -> Result<(), Error> {
//!         self.queue.0.lock().unwrap().push_front(self.message);
//!         Ok(())
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main() {
//!     let queue = Queue::default();
//!     queue.0.lock().unwrap().push_back("hello".to_owned());
//!     let ended = Consumer::new(queue)
//!         .run(|message: String| async move {
//!             println!("{message}");
//!             Ok::<_, std::io::Error>(())
//!         })
//!         .await;
//!     assert!(ended.unwrap_err().to_string().contains("ended")); // no more messages
//! }
//! ```

pub mod conformance;
mod in_progress;
mod run;

#[cfg(feature = "lapin")]
mod amqp;
#[cfg(feature = "async-nats")]
mod jetstream;
#[cfg(feature = "rdkafka")]
mod kafka;
#[cfg(feature = "redis")]
mod redis_list;
#[cfg(feature = "redis")]
mod redis_stream;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;

#[cfg(feature = "lapin")]
pub use amqp::{AmqpQueue, AmqpReceipt};
#[doc(no_inline)]
pub use conformance::conformance;
#[cfg(feature = "async-nats")]
pub use jetstream::{JetStream, JetStreamReceipt};
#[cfg(feature = "rdkafka")]
pub use kafka::{KafkaMessage, KafkaReceipt, KafkaTopic};
#[cfg(feature = "redis")]
pub use redis_list::{RedisList, RedisListReceipt};
#[cfg(feature = "redis")]
pub use redis_stream::{Entry, RedisStream, RedisStreamReceipt};

/// An error of a broker or its client library.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A source of messages.
pub trait Source: Send {
    /// The message that the handler gets.
    type Message: Send + 'static;
    /// The type that acknowledges a message.
    type Receipt: Receipt;

    /// Waits for the next message. `None` if there will be none.
    ///
    /// After [`cancel`](Source::cancel) it gives only messages that have been delivered already, and does not wait for
    /// others.
    ///
    /// # Cancel safety
    ///
    /// Has to be cancel safe: a message that a dropped call took is given by the next call, or delivered again by the
    /// broker.
    fn next(&mut self) -> impl Future<Output = Option<Result<Delivery<Self>, Error>>> + Send;

    /// Tells the broker to send no further messages.
    ///
    /// # Errors
    ///
    /// If the broker cannot be told. Messages that it has sent are given all the same.
    fn cancel(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends what is still in a buffer, after every message has been acknowledged or requeued.
    ///
    /// # Errors
    ///
    /// If the broker may not have received an acknowledgement.
    fn finish(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }
}

/// A message, and its receipt.
pub type Delivery<S> = (<S as Source>::Message, <S as Source>::Receipt);

/// Acknowledges or rejects one message.
#[doc(alias = "acker")]
pub trait Receipt: Send + 'static {
    /// Acknowledges the message: it has been handled.
    ///
    /// # Errors
    ///
    /// If the broker may not have received it, and delivers the message again.
    fn ack(self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Requeues the message: it has not been handled, and another consumer can have it at once.
    ///
    /// # Errors
    ///
    /// If the broker may not have received it. It delivers the message again, but later.
    #[doc(alias = "nack")]
    fn requeue(self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Requeues the message after its handler has failed, behind the others if the broker can do that. Defaults to
    /// [`requeue`](Receipt::requeue).
    ///
    /// # Errors
    ///
    /// As [`requeue`](Receipt::requeue).
    fn retry_later(self) -> impl Future<Output = Result<(), Error>> + Send
    where
        Self: Sized,
    {
        self.requeue()
    }

    /// Rejects the message: nobody can handle it, and it is not delivered again. A broker that has a dead letter queue
    /// keeps it there. Defaults to [`ack`](Receipt::ack).
    ///
    /// # Errors
    ///
    /// As [`ack`](Receipt::ack).
    #[doc(alias = "dead letter")]
    fn reject(self) -> impl Future<Output = Result<(), Error>> + Send
    where
        Self: Sized,
    {
        self.ack()
    }
}

/// What happens to a message whose handler fails or panics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// Requeues it, behind the others if the broker can do that. Some brokers deliver it again at once, so a message that
    /// always fails is handled without end. Limit the number of deliveries at the broker.
    #[default]
    Requeue,
    /// Rejects it: a dead letter.
    Reject,
}

impl OnFailure {
    fn verdict(self) -> Verdict {
        match self {
            OnFailure::Requeue => Verdict::Requeue,
            OnFailure::Reject => Verdict::Reject,
        }
    }
}

/// What happens to one message, as its handler decides.
///
/// A handler returns it if some messages can never be handled, and others only fail at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "disposition")]
#[doc(alias = "settlement")]
pub enum Verdict {
    /// Acknowledges it.
    Ack,
    /// Requeues it, behind the others if the broker can do that.
    #[doc(alias = "nack")]
    Requeue,
    /// Rejects it: a dead letter.
    Reject,
}

/// What a handler can return: `()`, a [`Verdict`], or a `Result` of either. [`OnFailure`] decides about an `Err`.
///
/// This trait is sealed: it can be named in bounds, and not implemented.
///
/// ```
/// use lifecycle::consumer::Verdict;
///
/// async fn handle(message: Vec<u8>) -> std::io::Result<Verdict> {
///     let Ok(order) = String::from_utf8(message) else {
///         return Ok(Verdict::Reject); // nobody can read it, now or later
///     };
///     tokio::fs::write("order", order).await?;
///     Ok(Verdict::Ack)
/// }
/// # let _ = handle;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what happens to a message",
    note = "a handler returns `()`, a `consumer::Verdict`, or a `Result` of either"
)]
pub trait HandlerOutput: sealed::IntoVerdict {}

impl HandlerOutput for () {}
impl HandlerOutput for Verdict {}
impl<T: HandlerOutput, E: fmt::Display> HandlerOutput for Result<T, E> {}

mod sealed {
    use std::fmt;

    use super::{HandlerOutput, Verdict};

    /// Seals [`HandlerOutput`].
    pub trait IntoVerdict {
        /// Gives the verdict, or the text of an error.
        fn into_verdict(self) -> Result<Verdict, String>;
    }

    impl IntoVerdict for () {
        fn into_verdict(self) -> Result<Verdict, String> {
            Ok(Verdict::Ack)
        }
    }

    impl IntoVerdict for Verdict {
        fn into_verdict(self) -> Result<Verdict, String> {
            Ok(self)
        }
    }

    impl<T: HandlerOutput, E: fmt::Display> IntoVerdict for Result<T, E> {
        fn into_verdict(self) -> Result<Verdict, String> {
            self.map_err(|error| error.to_string())?.into_verdict()
        }
    }
}

/// Takes messages from a source and passes each to a handler: see the [module](self).
#[must_use = "a consumer takes nothing before `run` is awaited"]
#[doc(alias = "worker")]
#[doc(alias = "subscriber")]
pub struct Consumer<S> {
    source: S,
    name: Cow<'static, str>,
    concurrency: NonZeroUsize,
    on_failure: OnFailure,
}

impl<S: Source> Consumer<S> {
    /// Returns a consumer that handles one message at a time, and requeues a message whose handler fails.
    pub fn new(source: S) -> Consumer<S> {
        Consumer {
            source,
            name: "consumer".into(),
            concurrency: NonZeroUsize::MIN,
            on_failure: OnFailure::default(),
        }
    }

    /// Configures the name in logs and in the report. Defaults to `consumer`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Configures how many messages are handled at once. With more than one they can end in any order. Defaults to 1, and
    /// 0 counts as 1.
    ///
    /// The broker should send at least as many messages ahead (`basic.qos` of RabbitMQ). Those are requeued at a stop.
    #[doc(alias = "prefetch")]
    pub fn concurrency(mut self, messages: usize) -> Self {
        self.concurrency = NonZeroUsize::new(messages).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// Configures what happens to a message whose handler fails or panics. Defaults to [`OnFailure::Requeue`].
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }
}

impl<S> fmt::Debug for Consumer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("name", &self.name)
            .field("concurrency", &self.concurrency)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}

/// An error that ended a consumer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConsumeError {
    /// The source has no further messages, although no stop has begun: the broker ended the subscription, or deleted the
    /// queue.
    Ended,
    /// The source failed.
    #[non_exhaustive]
    Source {
        /// The error of the source.
        source: Error,
    },
    /// The broker may not have received some acknowledgements. It delivers these messages again.
    #[non_exhaustive]
    Unconfirmed {
        /// The first error.
        source: Error,
        /// How many messages are concerned.
        messages: usize,
    },
}

impl ConsumeError {
    fn source(source: Error) -> ConsumeError {
        ConsumeError::Source { source }
    }
}

impl fmt::Display for ConsumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConsumeError::Ended => f.write_str("the source of messages ended before the stop"),
            ConsumeError::Source { source } => write!(f, "the source of messages failed: {source}"),
            ConsumeError::Unconfirmed { source, messages: 1 } => {
                write!(f, "the acknowledgement of a message was not confirmed: {source}")
            }
            ConsumeError::Unconfirmed { source, messages } => {
                write!(
                    f,
                    "the acknowledgements of {messages} messages were not confirmed, the first: {source}"
                )
            }
        }
    }
}

impl std::error::Error for ConsumeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConsumeError::Ended => None,
            ConsumeError::Source { source } | ConsumeError::Unconfirmed { source, .. } => Some(&**source),
        }
    }
}
