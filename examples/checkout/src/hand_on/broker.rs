//! The connection to RabbitMQ.

use lapin::{Channel, Connection};
use lifecycle::{Managed, Start};
use order_queue::{Message, ORDERS};

/// The address of the server.
#[lifecycle::resource(provided, no_teardown = "memory only")]
pub(crate) struct Url(pub(crate) String);

/// The fields are closed in the order in which they are declared.
#[lifecycle::resource]
pub(crate) struct Broker {
    #[teardown]
    channel: Channel,
    #[teardown]
    connection: Connection,
}

#[lifecycle::start(timeout = "2s", retry = "5s")]
impl Start for Broker {
    async fn start(url: Managed<Url>) -> anyhow::Result<Broker> {
        let connection = order_queue::connect(&url.0).await?;
        let channel = order_queue::confirming(&connection).await?;
        // The first worker may start later.
        order_queue::declare(&channel, ORDERS).await?;
        Ok(Broker { channel, connection })
    }
}

impl Broker {
    /// Sends orders, and waits until RabbitMQ has confirmed all of them.
    pub(crate) async fn send(&self, orders: &[String]) -> anyhow::Result<()> {
        let message = |id: &String| Message { id: id.clone(), body: id.clone() };
        let messages: Vec<_> = orders.iter().map(message).collect();
        order_queue::send(&self.channel, ORDERS, &messages).await
    }
}
