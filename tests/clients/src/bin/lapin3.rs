//! A service with a connection of `lapin` 3, which publishes after the stop has begun or consumes a queue.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use lapin3::message::Delivery;
use lapin3::options::{BasicConsumeOptions, BasicPublishOptions, BasicQosOptions};
use lapin3::types::FieldTable;
use lapin3::{BasicProperties, Channel, Connection, ConnectionProperties};
use lifecycle::consumer::Consumer;
use lifecycle::consumer::lapin3::AmqpQueue;
use lifecycle_clients_tests::sessions::{Error, releases, setting};

/// The size of a message, in bytes. Some hundreds of them exceed the kernel's buffers.
const LARGE: usize = 60_000;

#[lifecycle::resource(timeout = "3s")]
struct Broker {
    #[teardown]
    connection: Arc<Connection>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let connection = Connection::connect(&setting("BROKER_URL"), ConnectionProperties::default()).await?;
    let connection = Arc::new(connection);
    if releases(&connection) {
        lifecycle::manage(Broker { connection: Arc::clone(&connection) });
    }
    let (channel, queue) = (connection.create_channel().await?, setting("QUEUE"));
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "publish" => {
            serve().await;
            publish(&channel, &queue, setting("COUNT").parse()?).await;
            // A channel that is dropped is closed, as in the release.
            std::mem::forget(channel);
            println!("published");
        }
        "consume" => {
            channel.basic_qos(64, BasicQosOptions::default()).await?;
            let options = BasicConsumeOptions::default();
            let deliveries = channel.basic_consume(&queue, "", options, FieldTable::default()).await?;
            let consumer = Consumer::new(AmqpQueue::new(channel, deliveries)).name("orders").concurrency(4);
            lifecycle::spawn_essential(
                "orders",
                consumer.run(async |message: Delivery| {
                    println!("handled {}", String::from_utf8_lossy(&message.data));
                }),
            );
            serve().await;
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    Ok(())
}

/// Passes messages to the library, and does not wait until they are sent.
async fn publish(channel: &Channel, queue: &str, messages: usize) {
    for number in 0..messages {
        let number = format!("{number:LARGE$}");
        let options = BasicPublishOptions::default();
        let mut sent =
            pin!(channel.basic_publish("", queue, options, number.as_bytes(), BasicProperties::default()));
        poll_fn(|context| Poll::Ready(sent.as_mut().poll(context).is_ready())).await;
    }
}

async fn serve() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
}
