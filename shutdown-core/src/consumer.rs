//! Consumers of messages that lose none when they stop, and handle none twice.
//!
//! A [`Consumer`] takes messages from a [`Source`] and gives each to a handler. It acknowledges what the handler has
//! done, and goes three steps at the stop:
//!
//! | from | what |
//! |---|---|
//! | the notice on | it takes nothing more: the source is told so (`basic.cancel`, for one) |
//! | | what is in hand, being handled, is finished and acknowledged: work in flight, which the drain waits for |
//! | | what was taken, and nobody has begun, is handed back, so that another consumer gets it at once |
//! | the end of the drain | what is still in hand is dropped, handed back, and counted in the report |
//!
//! The connection to the broker is a resource: it closes when the drain is over, behind the last acknowledgement.
//!
//! Sources are there for RabbitMQ (`lapin`), NATS JetStream (`async-nats`), and Redis streams and lists (`redis`), each
//! with the feature of that name beside `consumer`. An own one is a few lines:
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
//!     type Receipt = InHand;
//!
//!     async fn next(&mut self) -> Option<Result<(String, InHand), Error>> {
//!         let message = self.0.lock().unwrap().pop_front()?;
//!         Some(Ok((message.clone(), InHand { queue: self.clone(), message })))
//!     }
//!
//!     async fn cancel(&mut self) -> Result<(), Error> {
//!         Ok(()) // nobody sends us anything that we have not asked for
//!     }
//! }
//!
//! struct InHand {
//!     queue: Queue,
//!     message: String,
//! }
//!
//! impl Receipt for InHand {
//!     async fn ack(self) -> Result<(), Error> {
//!         Ok(())
//!     }
//!
//!     async fn hand_back(self) -> Result<(), Error> {
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

mod hand;
mod run;

#[cfg(feature = "lapin")]
mod amqp;
#[cfg(feature = "async-nats")]
mod jetstream;
#[cfg(feature = "redis")]
mod redis_list;
#[cfg(feature = "redis")]
mod redis_stream;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;

#[cfg(feature = "lapin")]
pub use amqp::{AmqpQueue, AmqpReceipt};
#[cfg(feature = "async-nats")]
pub use jetstream::{JetStream, JetStreamReceipt};
#[cfg(feature = "redis")]
pub use redis_list::{RedisList, RedisListReceipt};
#[cfg(feature = "redis")]
pub use redis_stream::{Entry, RedisStream, RedisStreamReceipt};

use crate::resource::scope::LAST_WORD;

/// What went wrong at a broker.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Where messages come from.
pub trait Source: Send {
    /// A message, for the handler.
    type Message: Send + 'static;
    /// What answers for it.
    type Receipt: Receipt;

    /// The next message; `None` if there will be none. After [`cancel`](Source::cancel) it only gives out what has been
    /// taken already, and does not wait.
    ///
    /// Must be cancel safe: what it took before it was dropped, it gives out the next time, or the broker does.
    fn next(&mut self) -> impl Future<Output = Option<Result<Taken<Self>, Error>>> + Send;

    /// Tells the broker to send no more.
    ///
    /// # Errors
    ///
    /// If the broker cannot be told; what it has sent is given out all the same.
    fn cancel(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Every message is answered for: sends what is still in a buffer.
    ///
    /// # Errors
    ///
    /// If the broker may not have got it.
    fn finish(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }
}

/// A message, and what answers for it.
pub type Taken<S> = (<S as Source>::Message, <S as Source>::Receipt);

/// What answers for one message, once.
pub trait Receipt: Send + 'static {
    /// It has been handled.
    ///
    /// # Errors
    ///
    /// If the broker may not have heard it, and gives the message out again.
    fn ack(self) -> impl Future<Output = Result<(), Error>> + Send;

    /// It has not been handled: somebody else may.
    ///
    /// # Errors
    ///
    /// If the broker may not have heard it. It gives the message out again, but later.
    fn hand_back(self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Its handler has failed: somebody may try again, behind others where the broker can do that.
    ///
    /// # Errors
    ///
    /// As [`hand_back`](Receipt::hand_back).
    fn put_off(self) -> impl Future<Output = Result<(), Error>> + Send
    where
        Self: Sized,
    {
        self.hand_back()
    }

    /// Nobody can handle it: not to be given out again, and to be kept as a dead letter where the broker does that. As
    /// [`ack`](Receipt::ack) where it does not.
    ///
    /// # Errors
    ///
    /// As [`ack`](Receipt::ack).
    fn discard(self) -> impl Future<Output = Result<(), Error>> + Send
    where
        Self: Sized,
    {
        self.ack()
    }
}

/// What becomes of a message whose handler failed or panicked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failed {
    /// It is handed back. A broker that gives it out again at once gives it to us: see that it counts, or waits.
    #[default]
    HandBack,
    /// It is discarded: a dead letter.
    Discard,
}

impl Failed {
    fn verdict(self) -> Verdict {
        match self {
            Failed::HandBack => Verdict::HandBack,
            Failed::Discard => Verdict::Discard,
        }
    }
}

/// What becomes of one message, where its handler says so: for a message that nobody can handle, say, among others
/// whose handling fails because a database is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is acknowledged.
    Done,
    /// It is handed back, behind the others where the broker can do that.
    HandBack,
    /// It is discarded: a dead letter.
    Discard,
}

/// What a handler may return: nothing, a [`Verdict`], or a `Result` of either, whose error [`Failed`] decides about.
///
/// ```
/// use lifecycle::consumer::Verdict;
///
/// async fn handle(message: Vec<u8>) -> std::io::Result<Verdict> {
///     let Ok(order) = String::from_utf8(message) else {
///         return Ok(Verdict::Discard); // nobody can read it, now or later
///     };
///     tokio::fs::write("order", order).await?;
///     Ok(Verdict::Done)
/// }
/// # let _ = handle;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what becomes of a message",
    note = "a handler returns `()`, a `consumer::Verdict`, or a `Result` of either"
)]
pub trait Handled {
    #[doc(hidden)]
    fn into_verdict(self) -> Result<Verdict, String>;
}

impl Handled for () {
    fn into_verdict(self) -> Result<Verdict, String> {
        Ok(Verdict::Done)
    }
}

impl Handled for Verdict {
    fn into_verdict(self) -> Result<Verdict, String> {
        Ok(self)
    }
}

impl<T: Handled, E: fmt::Display> Handled for Result<T, E> {
    fn into_verdict(self) -> Result<Verdict, String> {
        self.map_err(|error| error.to_string())?.into_verdict()
    }
}

/// Takes messages from a source, and gives each to a handler: see the [module](self).
#[must_use = "it takes nothing before `run` is awaited"]
pub struct Consumer<S> {
    source: S,
    name: Cow<'static, str>,
    concurrency: NonZeroUsize,
    failed: Failed,
}

impl<S: Source> Consumer<S> {
    /// One message at a time; what fails is handed back.
    pub fn new(source: S) -> Consumer<S> {
        Consumer {
            source,
            name: "consumer".into(),
            concurrency: NonZeroUsize::MIN,
            failed: Failed::default(),
        }
    }

    /// What the report calls it.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How many messages are handled at once; the order in which they end is then any. 0 counts as 1.
    ///
    /// What a broker sends ahead should be at least as many (`basic.qos` of RabbitMQ), and is what is handed back at a
    /// stop.
    pub fn concurrency(mut self, messages: usize) -> Self {
        self.concurrency = NonZeroUsize::new(messages).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// What becomes of a message whose handler fails or panics.
    pub fn failed(mut self, failed: Failed) -> Self {
        self.failed = failed;
        self
    }
}

impl<S> fmt::Debug for Consumer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("name", &self.name)
            .field("concurrency", &self.concurrency)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// Why a consumer ended, other than by the stop.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConsumeError {
    /// The source has no more messages: the broker ended the subscription, or deleted the queue.
    Ended,
    /// The source failed.
    Source(Error),
    /// Messages were handled, or not, and the broker may not have heard it: it will give them out again. The first
    /// error, and how many there were.
    Receipts(Error, usize),
}

impl fmt::Display for ConsumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConsumeError::Ended => f.write_str("the source of messages ended"),
            ConsumeError::Source(error) => write!(f, "the source of messages failed: {error}"),
            ConsumeError::Receipts(error, 1) => write!(f, "a message could not be answered for: {error}"),
            ConsumeError::Receipts(error, count) => {
                write!(f, "{count} messages could not be answered for, the first: {error}")
            }
        }
    }
}

impl std::error::Error for ConsumeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConsumeError::Ended => None,
            ConsumeError::Source(error) | ConsumeError::Receipts(error, _) => Some(&**error),
        }
    }
}
