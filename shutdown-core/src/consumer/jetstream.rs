//! NATS JetStream, through async-nats.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::library::async_nats::Message;
use super::library::async_nats::jetstream::consumer::PullConsumer;
use super::library::async_nats::jetstream::consumer::pull::Batch;
use super::library::async_nats::jetstream::message::Acker;
use super::library::async_nats::jetstream::{AckKind, Context};
use crate::consumer::{Error, Receipt, Source};
use crate::sync::lock;

/// How long the server keeps one request for messages.
const REQUEST_LIFETIME: Duration = Duration::from_secs(30);
/// How long a message that the server has sent before the stop can take to arrive.
const ARRIVAL_TIMEOUT: Duration = Duration::from_millis(100);
/// How long the server has to confirm the last acknowledgement.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(2);

/// The messages of a JetStream pull consumer.
///
/// It asks for one batch at a time. At the stop no further batch arrives, and messages that have arrived and are not begun
/// are `nak`ed. Acknowledgements are sent without waiting, and the server confirms the last one within 2 s before the
/// consumer ends.
///
/// nats-server 2.9.10 can deliver the last message again, also after its acknowledgement. It happens if a handler that is
/// still running at the stop fails, after the source has given up a request for which the server has no more messages.
///
/// ```no_run
/// # #[cfg(feature = "async-nats")]
/// # async fn f(client: async_nats::Client) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use async_nats::jetstream::{self, consumer::PullConsumer};
/// use lifecycle::consumer::{Consumer, JetStream};
///
/// let context = jetstream::new(client);
/// let events: PullConsumer = context.get_consumer_from_stream("service", "events").await?;
/// Consumer::new(JetStream::new(&context, events))
///     .name("events")
///     .concurrency(16)
///     .run(|message| async move {
///         println!("{}", message.subject);
///         Ok::<_, std::io::Error>(())
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct JetStream {
    context: Context,
    consumer: PullConsumer,
    batch: usize,
    /// A request that is on its way. Kept when the future that made it is dropped, because the server answers it anyway.
    asking: Option<BoxFuture<'static, Result<Batch, Error>>>,
    asked: Option<Batch>,
    last: LastAck,
    cancelled: bool,
}

/// The last acknowledgement, which has not been confirmed.
type LastAck = Arc<Mutex<Option<Acker>>>;

impl JetStream {
    /// Returns the source for a consumer with explicit acknowledgements, in batches of 256 messages.
    pub fn new(context: &Context, consumer: PullConsumer) -> JetStream {
        JetStream {
            context: context.clone(),
            consumer,
            batch: 256,
            asking: None,
            asked: None,
            last: LastAck::default(),
            cancelled: false,
        }
    }

    /// Configures how many messages it asks for at once. Defaults to 256, and 0 counts as 1.
    #[must_use]
    pub fn batch(mut self, messages: usize) -> JetStream {
        self.batch = messages.max(1);
        self
    }

    /// Gives the batch that was asked for last, or asks for one. `None` after the cancellation, when there is none.
    async fn asked(&mut self) -> Result<Option<&mut Batch>, Error> {
        if self.asked.is_none() {
            if self.asking.is_none() && self.cancelled {
                return Ok(None);
            }
            let asking = self.asking.get_or_insert_with(|| {
                let (consumer, batch) = (self.consumer.clone(), self.batch);
                Box::pin(async move {
                    Ok(consumer.batch().max_messages(batch).expires(REQUEST_LIFETIME).messages().await?)
                })
            });
            let asked = asking.await;
            self.asking = None;
            self.asked = Some(asked?);
        }
        Ok(self.asked.as_mut())
    }
}

impl fmt::Debug for JetStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStream").field("batch", &self.batch).finish_non_exhaustive()
    }
}

impl Source for JetStream {
    type Message = Message;
    type Receipt = JetStreamReceipt;

    async fn next(&mut self) -> Option<Result<(Message, JetStreamReceipt), Error>> {
        loop {
            let cancelled = self.cancelled;
            let asked = match self.asked().await {
                Ok(asked) => asked?,
                Err(error) => return Some(Err(error)),
            };
            let next = if cancelled {
                tokio::time::timeout(ARRIVAL_TIMEOUT, asked.next()).await.ok().flatten()
            } else {
                asked.next().await
            };
            let Some(message) = next else {
                // The batch is complete, has expired, or is not wanted any more.
                self.asked = None;
                continue;
            };
            return Some(message.map(|message| {
                let (message, acker) = message.split();
                (message, JetStreamReceipt { acker, last: Arc::clone(&self.last) })
            }));
        }
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        self.cancelled = true;
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Error> {
        // Dropping it ends the request.
        self.asked = None;
        // An acknowledgement is a message, which can still be in a buffer of the client. The last one is sent again and
        // confirmed. The server takes them in order.
        let last = lock(&self.last).take();
        if let Some(last) = last {
            let confirmed = tokio::time::timeout(CONFIRM_TIMEOUT, last.double_ack()).await;
            confirmed.map_err(|_| "the server did not confirm the last acknowledgement")??;
        }
        Ok(self.context.client().flush().await?)
    }
}

/// The receipt of a message of a [`JetStream`].
pub struct JetStreamReceipt {
    acker: Acker,
    last: LastAck,
}

impl Receipt for JetStreamReceipt {
    async fn ack(self) -> Result<(), Error> {
        self.acker.ack().await?;
        *lock(&self.last) = Some(self.acker);
        Ok(())
    }

    async fn requeue(self) -> Result<(), Error> {
        self.acker.ack_with(AckKind::Nak(None)).await
    }

    async fn reject(self) -> Result<(), Error> {
        self.acker.ack_with(AckKind::Term).await
    }
}

impl fmt::Debug for JetStreamReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamReceipt").finish_non_exhaustive()
    }
}
