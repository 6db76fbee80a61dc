//! The connection to RabbitMQ.

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use lifecycle::consumer::AmqpQueue;

use crate::rabbitmq::{self, ORDERS};

/// Where receipts go to.
pub(crate) const RECEIPTS: &str = "receipts";

/// What RabbitMQ sends ahead, and gets back at a stop: enough that nobody waits for it.
const AHEAD: u16 = 64;

/// Closed in this order, the last field last. The close is what makes sure of the last acknowledgements: RabbitMQ
/// answers it when it has read all that was sent before.
#[lifecycle::resource]
pub(crate) struct Broker {
    #[teardown]
    taking: Channel,
    #[teardown]
    sending: Channel,
    #[teardown]
    connection: Connection,
}

impl Broker {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Broker> {
        let connection = rabbitmq::connect(url).await?;
        let taking = connection.create_channel().await?;
        taking.basic_qos(AHEAD, BasicQosOptions::default()).await?;
        let sending = rabbitmq::confirming(&connection).await?;
        for queue in [ORDERS, RECEIPTS] {
            rabbitmq::declare(&taking, queue).await?;
        }
        Ok(Broker { taking, sending, connection })
    }

    pub(crate) async fn orders(&self) -> anyhow::Result<AmqpQueue> {
        let options = BasicConsumeOptions::default();
        let orders = self.taking.basic_consume(ORDERS.into(), "".into(), options, FieldTable::default());
        Ok(AmqpQueue::new(self.taking.clone(), orders.await?))
    }

    /// Once this returns, RabbitMQ has them all.
    pub(crate) async fn send(&self, queue: &str, messages: &[(String, String)]) -> anyhow::Result<()> {
        rabbitmq::send(&self.sending, queue, messages).await
    }
}
