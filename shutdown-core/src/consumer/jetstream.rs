//! NATS JetStream, by async-nats.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::Message;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::Batch;
use async_nats::jetstream::message::Acker;
use async_nats::jetstream::{AckKind, Context};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::{Error, Receipt, Source};
use crate::sync::lock;

/// How long one request for messages stands.
const EXPIRES: Duration = Duration::from_secs(30);
/// What the server has sent by the time of the stop has come after this.
const UNDER_WAY: Duration = Duration::from_millis(100);
/// How long the server may take to confirm the last acknowledgement.
const CONFIRM: Duration = Duration::from_secs(2);

/// The messages of a pull consumer of JetStream.
///
/// It asks for a batch at a time, so that at the stop no more than that comes: what has come and is not begun is
/// `nak`ed. Acknowledgements are sent behind each other, and the last is confirmed before the consumer ends.
///
/// ```no_run
/// use async_nats::jetstream::{self, consumer::PullConsumer};
/// use lifecycle::consumer::{Consumer, JetStream};
///
/// # async fn f(client: async_nats::Client) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
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
    /// A request that is on its way. Kept, where the future that made it is dropped, since it is answered all the same.
    asking: Option<BoxFuture<'static, Result<Batch, Error>>>,
    asked: Option<Batch>,
    last: Last,
    cancelled: bool,
}

/// What was acknowledged last, if it was not confirmed.
type Last = Arc<Mutex<Option<Acker>>>;

impl JetStream {
    /// Of a consumer with explicit acknowledgements, in batches of 256.
    pub fn new(context: &Context, consumer: PullConsumer) -> JetStream {
        JetStream {
            context: context.clone(),
            consumer,
            batch: 256,
            asking: None,
            asked: None,
            last: Last::default(),
            cancelled: false,
        }
    }

    /// How many messages it asks for at once; 0 counts as 1.
    #[must_use]
    pub fn batch(mut self, messages: usize) -> JetStream {
        self.batch = messages.max(1);
        self
    }

    /// The batch that was asked for last; `None` where there is none, and none is to be asked for any more.
    async fn asked(&mut self) -> Result<Option<&mut Batch>, Error> {
        if self.asked.is_none() {
            if self.asking.is_none() && self.cancelled {
                return Ok(None);
            }
            let asking = self.asking.get_or_insert_with(|| {
                let (consumer, batch) = (self.consumer.clone(), self.batch);
                Box::pin(async move {
                    Ok(consumer.batch().max_messages(batch).expires(EXPIRES).messages().await?)
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
                tokio::time::timeout(UNDER_WAY, asked.next()).await.ok().flatten()
            } else {
                asked.next().await
            };
            let Some(message) = next else {
                // This batch is over: by number, by time, or as it is wanted no more.
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
        // Without it nobody waits for more.
        self.asked = None;
        // An acknowledgement is a message like any other: in a buffer of the client, on its way. Once more for the last,
        // and confirmed: the server takes them in order.
        let last = lock(&self.last).take();
        if let Some(last) = last {
            let confirmed = tokio::time::timeout(CONFIRM, last.double_ack()).await;
            confirmed.map_err(|_| "the server did not confirm the last acknowledgement")??;
        }
        Ok(self.context.client().flush().await?)
    }
}

/// Of a [`JetStream`].
pub struct JetStreamReceipt {
    acker: Acker,
    last: Last,
}

impl Receipt for JetStreamReceipt {
    async fn ack(self) -> Result<(), Error> {
        self.acker.ack().await?;
        *lock(&self.last) = Some(self.acker);
        Ok(())
    }

    async fn hand_back(self) -> Result<(), Error> {
        self.acker.ack_with(AckKind::Nak(None)).await
    }

    async fn discard(self) -> Result<(), Error> {
        self.acker.ack_with(AckKind::Term).await
    }
}

impl fmt::Debug for JetStreamReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamReceipt").finish_non_exhaustive()
    }
}
