//! A service with a client of `async-nats` 0.50, which publishes after the stop has begun or consumes a stream.

use async_nats050::jetstream::{self, consumer::PullConsumer};
use lifecycle::consumer::Consumer;
use lifecycle::consumer::async_nats050::JetStream;
use lifecycle_clients_tests::sessions::{Error, releases, setting};

/// The size of a message, in bytes. Some hundreds of them exceed the kernel's buffers and still fit into the client.
const LARGE: usize = 60_000;

#[lifecycle::resource(timeout = "3s")]
struct Broker {
    #[teardown]
    client: async_nats050::Client,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let client = async_nats050::connect(setting("BROKER_URL")).await?;
    if releases(&client) {
        lifecycle::manage(Broker { client: client.clone() });
    }
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "publish" => {
            serve().await;
            for number in 0..setting("COUNT").parse()? {
                let number: usize = number;
                client.publish("orders", format!("{number:LARGE$}").into()).await?;
            }
            println!("published");
        }
        "consume" => {
            let queue = setting("QUEUE");
            let context = jetstream::new(client);
            let consumer: PullConsumer = context.get_consumer_from_stream(&queue, &queue).await?;
            let source = JetStream::new(&context, consumer).batch(64);
            let consumer = Consumer::new(source).name("orders").concurrency(4);
            lifecycle::spawn_essential(
                "orders",
                consumer.run(async |message: async_nats050::Message| {
                    println!("handled {}", String::from_utf8_lossy(&message.payload));
                }),
            );
            serve().await;
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    Ok(())
}

async fn serve() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
}
