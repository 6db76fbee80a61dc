//! The connection to RabbitMQ.

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use lifecycle::consumer::AmqpQueue;
use lifecycle::{Managed, Start};
use order_queue::{Message, ORDERS};

use crate::settings::Settings;

/// The queue for receipts.
pub(crate) const RECEIPTS: &str = "receipts";

/// The number of orders that RabbitMQ sends in advance. At the stop they return to the queue.
const PREFETCH: u16 = 64;

/// The fields are closed in the order in which they are declared. A close also confirms the last acknowledgements,
/// because RabbitMQ answers it after everything that was sent before.
#[lifecycle::resource]
pub(crate) struct Broker {
    #[teardown]
    taking: Channel,
    #[teardown]
    sending: Channel,
    #[teardown]
    connection: Connection,
}

#[lifecycle::start(timeout = "2s", retry = "10s")]
impl Start for Broker {
    async fn start(settings: Managed<Settings>) -> anyhow::Result<Broker> {
        let connection = order_queue::connect(&settings.rabbitmq).await?;
        let taking = connection.create_channel().await?;
        taking.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let sending = order_queue::confirming(&connection).await?;
        for queue in [ORDERS, RECEIPTS] {
            order_queue::declare(&taking, queue).await?;
        }
        Ok(Broker { taking, sending, connection })
    }
}

impl Broker {
    /// Returns the source of the orders.
    pub(crate) async fn orders(&self) -> anyhow::Result<AmqpQueue> {
        let options = BasicConsumeOptions::default();
        let orders = self.taking.basic_consume(ORDERS.into(), "".into(), options, FieldTable::default());
        Ok(AmqpQueue::new(self.taking.clone(), orders.await?))
    }

    /// Sends messages, and waits until RabbitMQ has confirmed all of them.
    pub(crate) async fn send(&self, queue: &str, messages: &[Message]) -> anyhow::Result<()> {
        order_queue::send(&self.sending, queue, messages).await
    }
}
