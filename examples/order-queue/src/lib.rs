//! The RabbitMQ queue between `checkout`, which sends orders, and `worker`, which takes them.

use anyhow::{Context as _, Result, ensure};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};

/// The name of the queue. A message in it is the id of an order.
pub const ORDERS: &str = "orders";

/// The delivery mode of a message that survives a restart of RabbitMQ.
const PERSISTENT: u8 = 2;

/// A message to send.
#[derive(Clone, Debug)]
pub struct Message {
    /// The id by which a receiver recognizes a message that arrives twice.
    pub id: String,
    /// The text of the message.
    pub body: String,
}

/// Connects to RabbitMQ.
///
/// # Errors
///
/// RabbitMQ does not answer at this address.
pub async fn connect(url: &str) -> Result<Connection> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await;
    connection.context("cannot connect to RabbitMQ: check `RABBITMQ_URL`")
}

/// Opens a channel on which RabbitMQ confirms each message (publisher confirms).
///
/// # Errors
///
/// The connection is broken.
pub async fn confirming(connection: &Connection) -> Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Creates a queue that survives a restart of RabbitMQ. A queue that already exists stays as it is.
///
/// # Errors
///
/// The connection is broken, or the queue exists with other settings.
pub async fn declare(channel: &Channel, queue: &str) -> Result<()> {
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, FieldTable::default()).await?;
    Ok(())
}

/// Sends messages on a channel from [`confirming`], and waits until RabbitMQ has confirmed all of them.
///
/// # Errors
///
/// RabbitMQ has not confirmed every message. It may have some of them, so the caller sends all of them again.
pub async fn send(channel: &Channel, queue: &str, messages: &[Message]) -> Result<()> {
    let mut confirmations = Vec::new();
    for Message { id, body } in messages {
        let properties =
            BasicProperties::default().with_delivery_mode(PERSISTENT).with_message_id(id.as_str().into());
        // RabbitMQ returns a mandatory message if the queue does not exist. It discards any other message silently.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sent = channel.basic_publish("".into(), queue.into(), options, body.as_bytes(), properties);
        confirmations.push(sent.await?);
    }
    for confirmation in confirmations {
        let confirmation = confirmation.await?;
        ensure!(confirmation == Confirmation::Ack(None), "RabbitMQ did not take a message: {confirmation:?}");
    }
    Ok(())
}
