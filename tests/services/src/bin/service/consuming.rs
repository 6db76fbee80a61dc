//! Services that receive messages from a broker and write a row for each message.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_nats::jetstream::{self, consumer::PullConsumer};
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use lifecycle::Managed;
use lifecycle::consumer::{AmqpQueue, Consumer, JetStream, RedisList, RedisStream, Source};

use crate::databases::{Orders, postgres};
use crate::messages::Numbered;
use crate::{Error, number, serve, setting};

#[lifecycle::resource(timeout = "1s")]
pub(crate) struct Broker {
    #[teardown]
    pub(crate) connection: Connection,
}

#[lifecycle::resource(timeout = "1s")]
pub(crate) struct Events {
    #[teardown]
    pub(crate) client: async_nats::Client,
}

/// Another resource, which must not wait for the teardown of the others.
#[lifecycle::resource(timeout = "1s")]
pub(crate) struct Ledger;

#[lifecycle::teardown]
impl lifecycle::Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}

pub(crate) async fn run(broker: &str) -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let orders = lifecycle::manage(Orders { pool: postgres().await? });
    let (url, queue) = (setting("BROKER_URL"), setting("QUEUE"));
    match broker {
        "rabbitmq" => {
            let source = rabbitmq(&url, &queue).await?;
            start(source, orders);
        }
        "jetstream" => {
            let client = async_nats::connect(url).await?;
            let events = lifecycle::manage(Events { client });
            let context = jetstream::new(events.client.clone());
            let consumer: PullConsumer = context.get_consumer_from_stream(&queue, &queue).await?;
            start(JetStream::new(&context, consumer).batch(number("PREFETCH")), orders);
        }
        "stream" => {
            let client = redis::Client::open(url)?;
            let stream = RedisStream::open(&client, &queue, "group", "one").await?;
            start(stream.count(number("PREFETCH")), orders);
        }
        "list" => {
            let client = redis::Client::open(url)?;
            start(RedisList::open(&client, &queue, "one").await?, orders);
        }
        other => return Err(format!("no broker `{other}`").into()),
    }
    serve().await;
    Ok(())
}

pub(crate) async fn rabbitmq(url: &str, queue: &str) -> Result<AmqpQueue, Error> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let broker = lifecycle::manage(Broker { connection });
    let channel = broker.connection.create_channel().await?;
    let ahead = u16::try_from(number("PREFETCH"))?;
    channel.basic_qos(ahead, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let deliveries = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
    Ok(AmqpQueue::new(channel, deliveries))
}

/// Starts a consumer of this source, which inserts a row for each message. With `HANDLER=fail`, every fifth
/// message fails. With `HANDLER=hang`, no handler ends.
fn start<S>(source: S, orders: Managed<Orders>)
where
    S: Source<Message: Numbered> + 'static,
{
    let count = Arc::new(AtomicUsize::new(0));
    let behaviour = setting("HANDLER");
    let consumer = Consumer::new(source).name("orders").concurrency(number("CONCURRENCY"));
    let handler = move |message: S::Message| {
        let (orders, count, behaviour) = (orders.clone(), Arc::clone(&count), behaviour.clone());
        async move {
            match &*behaviour {
                "fail" if message.id() % 5 == 0 => return Err("poison".into()),
                "hang" => {
                    println!("hanging {}", count.fetch_add(1, Ordering::Relaxed) + 1);
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            insert(&orders, message).await?;
            println!("handled {}", count.fetch_add(1, Ordering::Relaxed) + 1);
            Ok::<(), Error>(())
        }
    };
    lifecycle::spawn_essential("orders", consumer.run(handler));
}

/// Inserts a row for each delivery. A message that is delivered twice has two rows.
pub(crate) async fn insert<M: Numbered>(orders: &Orders, message: M) -> Result<(), sqlx::Error> {
    let row = sqlx::query("INSERT INTO handled (queue, id, again) VALUES ($1, $2, $3)");
    row.bind(setting("QUEUE")).bind(message.id()).bind(message.again()).execute(&orders.pool).await?;
    Ok(())
}
