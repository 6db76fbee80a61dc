//! The connection to RabbitMQ.

use anyhow::{Context as _, ensure};
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use lifecycle::consumer::AmqpQueue;

/// Where orders come from.
pub(crate) const ORDERS: &str = "orders";
/// Where receipts go to.
pub(crate) const RECEIPTS: &str = "receipts";

/// What RabbitMQ sends ahead, and gets back at a stop: enough that nobody waits for it.
const AHEAD: u16 = 64;
/// A message that RabbitMQ keeps when it is restarted.
const PERSISTENT: u8 = 2;

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
        let connection = Connection::connect(url, ConnectionProperties::default()).await;
        let connection = connection.context("connect to RabbitMQ: check `RABBITMQ_URL`")?;
        let taking = connection.create_channel().await?;
        taking.basic_qos(AHEAD, BasicQosOptions::default()).await?;
        let sending = connection.create_channel().await?;
        sending.confirm_select(ConfirmSelectOptions::default()).await?;
        for queue in [ORDERS, RECEIPTS] {
            let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            taking.queue_declare(queue.into(), durable, FieldTable::default()).await?;
        }
        Ok(Broker { taking, sending, connection })
    }

    pub(crate) async fn orders(&self) -> anyhow::Result<AmqpQueue> {
        let options = BasicConsumeOptions::default();
        let orders = self.taking.basic_consume(ORDERS.into(), "".into(), options, FieldTable::default());
        Ok(AmqpQueue::new(self.taking.clone(), orders.await?))
    }

    /// Once this returns, RabbitMQ has them all. Of an id it may have more than one: when this fails, nobody knows
    /// which of them it has.
    pub(crate) async fn send(&self, queue: &str, messages: &[(String, String)]) -> anyhow::Result<()> {
        let mut confirmations = Vec::new();
        for (id, body) in messages {
            let properties =
                BasicProperties::default().with_delivery_mode(PERSISTENT).with_message_id(id.as_str().into());
            // Mandatory: it comes back if there is no such queue, instead of being thrown away.
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let sent =
                self.sending.basic_publish("".into(), queue.into(), options, body.as_bytes(), properties);
            confirmations.push(sent.await?);
        }
        for confirmation in confirmations {
            let confirmation = confirmation.await?;
            ensure!(confirmation == Confirmation::Ack(None), "not taken by RabbitMQ: {confirmation:?}");
        }
        Ok(())
    }
}
