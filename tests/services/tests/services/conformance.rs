//! Each source keeps the rules of `conformance`, against a real server.

use std::ops::Range;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, stream};
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use lifecycle::consumer::conformance::{Broker, Limit};
use lifecycle::consumer::{AmqpQueue, Entry, Error, JetStream, RedisList, RedisStream, conformance};
use lifecycle_process_tests::PATIENCE;
use lifecycle_services_tests::{Nats, RabbitMq, Redis};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;

/// How many messages a broker sends ahead: as many as a rule leaves unacknowledged.
///
/// For JetStream it is also what one request asks for. If a message is requeued while a request is open whose client has
/// unsubscribed, nats-server 2.9.10 delivers the last message of the stream again, although it was acknowledged. So a
/// request has to be complete by then.
const AHEAD: u16 = 10;

/// Checks the source of a broker.
#[track_caller]
fn conforms<B: Broker>(broker: impl Future<Output = Result<B, Error>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let faults = runtime.unwrap().block_on(async {
        let broker = broker.await.expect("the broker can be reached");
        conformance(&broker, PATIENCE).await
    });
    faults.unwrap_or_else(|faults| panic!("{faults}"));
}

struct Rabbit {
    url: String,
    channel: Channel,
}

impl Broker for Rabbit {
    type Source = AmqpQueue;

    async fn create(&self, queue: &str) -> Result<(), Error> {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
        Ok(())
    }

    async fn publish(&self, queue: &str, numbers: Range<u64>) -> Result<(), Error> {
        for number in numbers {
            let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
            let payload = number.to_string();
            let sent =
                self.channel.basic_publish("".into(), queue.into(), options, payload.as_bytes(), properties);
            // The broker confirms it.
            sent.await?.await?;
        }
        Ok(())
    }

    async fn open(&self, queue: &str) -> Result<AmqpQueue, Error> {
        // The channel keeps the connection.
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.basic_qos(AHEAD, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let deliveries =
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        Ok(AmqpQueue::new(channel, deliveries))
    }

    fn number(&self, message: &lapin::message::Delivery) -> Option<u64> {
        number(&message.data)
    }

    async fn left(&self, queue: &str) -> Result<Option<u64>, Error> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
        Ok(Some(queue.message_count().into()))
    }
}

fn number(payload: &[u8]) -> Option<u64> {
    str::from_utf8(payload).ok()?.parse().ok()
}

struct Events {
    url: String,
    context: jetstream::Context,
}

impl Broker for Events {
    type Source = JetStream;

    async fn create(&self, queue: &str) -> Result<(), Error> {
        let config = stream::Config {
            name: queue.to_owned(),
            subjects: vec![format!("of.{queue}")],
            storage: stream::StorageType::Memory,
            ..stream::Config::default()
        };
        let stream = self.context.create_stream(config).await?;
        // JetStream does not watch the connection. A message that has waited for this long is given again.
        let ack_wait = if queue.ends_with("DroppedSource") { Duration::from_secs(1) } else { PATIENCE };
        let config = pull::Config {
            durable_name: Some(queue.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait,
            ..pull::Config::default()
        };
        stream.create_consumer(config).await?;
        Ok(())
    }

    async fn publish(&self, queue: &str, numbers: Range<u64>) -> Result<(), Error> {
        for number in numbers {
            let payload = number.to_string().into();
            self.context.publish(format!("of.{queue}"), payload).await?.await?;
        }
        Ok(())
    }

    async fn open(&self, queue: &str) -> Result<JetStream, Error> {
        let context = jetstream::new(Nats::connect(&self.url).await?);
        let consumer: PullConsumer = context.get_consumer_from_stream(queue, queue).await?;
        Ok(JetStream::new(&context, consumer).batch(AHEAD.into()))
    }

    fn number(&self, message: &async_nats::Message) -> Option<u64> {
        number(&message.payload)
    }

    async fn left(&self, queue: &str) -> Result<Option<u64>, Error> {
        let mut consumer: PullConsumer = self.context.get_consumer_from_stream(queue, queue).await?;
        let info = consumer.info().await?;
        Ok(Some(info.num_pending + u64::try_from(info.num_ack_pending)?))
    }

    fn limits(&self) -> &[Limit] {
        &[Limit::OpenRequest]
    }
}

struct Streams {
    client: redis::Client,
    connection: MultiplexedConnection,
}

impl Broker for Streams {
    type Source = RedisStream;

    async fn create(&self, queue: &str) -> Result<(), Error> {
        Ok(self.connection.clone().xgroup_create_mkstream(stream(queue), "group", "0").await?)
    }

    async fn publish(&self, queue: &str, numbers: Range<u64>) -> Result<(), Error> {
        let mut pipeline = redis::pipe();
        for number in numbers {
            pipeline.xadd(stream(queue), "*", &[("id", number)]).ignore();
        }
        Ok(pipeline.exec_async(&mut self.connection.clone()).await?)
    }

    async fn open(&self, queue: &str) -> Result<RedisStream, Error> {
        let source = RedisStream::open(&self.client, &stream(queue), "group", "one").await?;
        Ok(source.count(AHEAD.into()))
    }

    fn number(&self, message: &Entry) -> Option<u64> {
        message.get("id")
    }

    async fn left(&self, queue: &str) -> Result<Option<u64>, Error> {
        let pending: (u64, redis::Value, redis::Value, redis::Value) =
            self.connection.clone().xpending(stream(queue), "group").await?;
        Ok(Some(pending.0))
    }

    fn limits(&self) -> &[Limit] {
        &[Limit::RetryByNextSource]
    }
}

fn stream(queue: &str) -> String {
    format!("stream-{queue}")
}

struct Lists {
    client: redis::Client,
    connection: MultiplexedConnection,
}

impl Broker for Lists {
    type Source = RedisList;

    /// A list exists while it has elements.
    async fn create(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn publish(&self, queue: &str, numbers: Range<u64>) -> Result<(), Error> {
        let numbers: Vec<u64> = numbers.collect();
        let _: u64 = self.connection.clone().lpush(queue, numbers).await?;
        Ok(())
    }

    async fn open(&self, queue: &str) -> Result<RedisList, Error> {
        RedisList::open(&self.client, queue, "one").await
    }

    fn number(&self, message: &Vec<u8>) -> Option<u64> {
        number(message)
    }

    async fn left(&self, queue: &str) -> Result<Option<u64>, Error> {
        let mut connection = self.connection.clone();
        let waiting: u64 = connection.llen(queue).await?;
        let in_progress: u64 = connection.llen(format!("{queue}:in-hand:one")).await?;
        Ok(Some(waiting + in_progress))
    }
}

#[test]
fn amqp_queue() {
    let url = RabbitMq::shared().url();
    conforms(async {
        let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Rabbit { url: url.clone(), channel })
    });
}

#[test]
fn jetstream() {
    let url = Nats::shared().url();
    conforms(async {
        let context = jetstream::new(Nats::connect(&url).await?);
        Ok(Events { url: url.clone(), context })
    });
}

#[test]
fn redis_stream() {
    let url = Redis::shared().url();
    conforms(async {
        let client = redis::Client::open(url)?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Streams { client, connection })
    });
}

#[test]
fn redis_list() {
    let url = Redis::shared().url();
    conforms(async {
        let client = redis::Client::open(url)?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Lists { client, connection })
    });
}
