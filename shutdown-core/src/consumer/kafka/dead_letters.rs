//! The topic for messages that nobody can handle.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientContext, Message as _};

use crate::consumer::Error;
use crate::consumer::kafka::KafkaMessage;

/// How long the producer may wait for room in its queue. The time of the delivery is `delivery.timeout.ms`.
const ROOM_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends a message to the topic for dead letters.
pub(super) struct DeadLetters {
    topic: String,
    send: Send,
}

type Send = Box<dyn Fn(KafkaMessage) -> BoxFuture<'static, Result<(), Error>> + std::marker::Send + Sync>;

impl DeadLetters {
    pub(super) fn new<C: ClientContext + 'static>(producer: FutureProducer<C>, topic: String) -> DeadLetters {
        let name = topic.clone();
        let send: Send = Box::new(move |message| {
            let (producer, topic) = (producer.clone(), name.clone());
            Box::pin(async move {
                let mut record = FutureRecord::to(&topic).headers(headers(&message));
                record.key = message.key();
                record.payload = message.payload();
                record.timestamp = message.timestamp().to_millis();
                let delivered = producer.send::<[u8], [u8], _>(record, ROOM_TIMEOUT).await;
                delivered.map_err(|(error, _)| {
                    format!("the dead letter was not delivered to the topic `{topic}`: {error}")
                })?;
                Ok(())
            })
        });
        DeadLetters { topic, send }
    }

    /// Returns after the broker has the message.
    pub(super) async fn send(&self, message: KafkaMessage) -> Result<(), Error> {
        (self.send)(message).await
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Returns the headers of the message, and where the message was.
fn headers(message: &OwnedMessage) -> OwnedHeaders {
    let own = message.headers().cloned().unwrap_or_default();
    let (partition, offset) = (message.partition().to_string(), message.offset().to_string());
    [("original-topic", message.topic()), ("original-partition", &partition), ("original-offset", &offset)]
        .into_iter()
        .fold(own, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
