//! The connection to RabbitMQ.

use anyhow::Context as _;
use lapin::{Channel, Connection};
use order_queue::{Message, ORDERS};

/// The fields are closed in the order in which they are declared.
#[lifecycle::resource]
pub(crate) struct Broker {
    #[teardown]
    channel: Channel,
    #[teardown]
    connection: Connection,
}

impl Broker {
    pub(crate) async fn open() -> anyhow::Result<Broker> {
        let url = std::env::var("RABBITMQ_URL")
            .context("`RABBITMQ_URL` is not set: run `examples/servers rabbitmq`")?;
        let connection = order_queue::connect(&url).await?;
        let channel = order_queue::confirming(&connection).await?;
        // The first worker may start later.
        order_queue::declare(&channel, ORDERS).await?;
        Ok(Broker { channel, connection })
    }

    /// Sends orders, and waits until RabbitMQ has confirmed all of them.
    pub(crate) async fn send(&self, orders: &[String]) -> anyhow::Result<()> {
        let message = |id: &String| Message { id: id.clone(), body: id.clone() };
        let messages: Vec<_> = orders.iter().map(message).collect();
        order_queue::send(&self.channel, ORDERS, &messages).await
    }
}
