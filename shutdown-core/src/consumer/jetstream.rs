//! NATS JetStream, by async-nats.

use std::fmt;
use std::time::Duration;

use async_nats::Message;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::Batch;
use async_nats::jetstream::message::Acker;
use async_nats::jetstream::{AckKind, Context};
use futures_util::StreamExt as _;

use super::{Error, Receipt, Source};

/// How long one request for messages stands.
const EXPIRES: Duration = Duration::from_secs(30);
/// What the server has sent by the time of the stop has come after this.
const UNDER_WAY: Duration = Duration::from_millis(50);

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
    asked: Option<Batch>,
    cancelled: bool,
}

impl JetStream {
    /// Of a consumer with explicit acknowledgements, in batches of 256.
    pub fn new(context: &Context, consumer: PullConsumer) -> JetStream {
        JetStream { context: context.clone(), consumer, batch: 256, asked: None, cancelled: false }
    }

    /// How many messages it asks for at once; 0 counts as 1.
    #[must_use]
    pub fn batch(mut self, messages: usize) -> JetStream {
        self.batch = messages.max(1);
        self
    }

    async fn ask(&mut self) -> Result<&mut Batch, Error> {
        if self.asked.is_none() {
            self.asked =
                Some(self.consumer.batch().max_messages(self.batch).expires(EXPIRES).messages().await?);
        }
        Ok(self.asked.as_mut().expect("just asked for"))
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
            let message = if self.cancelled {
                tokio::time::timeout(UNDER_WAY, self.asked.as_mut()?.next()).await.ok().flatten()?
            } else {
                let next = match self.ask().await {
                    Ok(asked) => asked.next().await,
                    Err(error) => return Some(Err(error)),
                };
                let Some(message) = next else {
                    // This batch is over, by number or by time.
                    self.asked = None;
                    continue;
                };
                message
            };
            return Some(message.map(|message| {
                let (message, acker) = message.split();
                (message, JetStreamReceipt(acker))
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
        // An acknowledgement is a message like any other, in a buffer of the client.
        Ok(self.context.client().flush().await?)
    }
}

/// Of a [`JetStream`].
pub struct JetStreamReceipt(Acker);

impl Receipt for JetStreamReceipt {
    async fn ack(self) -> Result<(), Error> {
        self.0.ack().await
    }

    async fn hand_back(self) -> Result<(), Error> {
        self.0.ack_with(AckKind::Nak(None)).await
    }

    async fn discard(self) -> Result<(), Error> {
        self.0.ack_with(AckKind::Term).await
    }
}

impl fmt::Debug for JetStreamReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamReceipt").finish_non_exhaustive()
    }
}
