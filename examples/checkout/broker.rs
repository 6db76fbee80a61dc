//! The connection to RabbitMQ, for orders that are handed on.

use lapin::{Channel, Connection};

use crate::rabbitmq::{self, ORDERS};

/// Closed in this order, the last field last.
#[lifecycle::resource]
pub(crate) struct Broker {
    #[teardown]
    sending: Channel,
    #[teardown]
    connection: Connection,
}

impl Broker {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Broker> {
        let connection = rabbitmq::connect(url).await?;
        let sending = rabbitmq::confirming(&connection).await?;
        // Also if no worker has been there yet.
        rabbitmq::declare(&sending, ORDERS).await?;
        Ok(Broker { sending, connection })
    }

    /// Once this returns, RabbitMQ has them all.
    pub(crate) async fn send(&self, orders: &[String]) -> anyhow::Result<()> {
        let messages: Vec<_> = orders.iter().map(|id| (id.clone(), id.clone())).collect();
        rabbitmq::send(&self.sending, ORDERS, &messages).await
    }
}
