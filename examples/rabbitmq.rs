//! What those who hand orders on and those who take them have in common: RabbitMQ, and a queue there.

use anyhow::{Context as _, ensure};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};

/// Where orders go to, each with nothing but its id.
pub(crate) const ORDERS: &str = "orders";

/// A message that RabbitMQ keeps when it is restarted.
const PERSISTENT: u8 = 2;

pub(crate) async fn connect(url: &str) -> anyhow::Result<Connection> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await;
    connection.context("connect to RabbitMQ: check `RABBITMQ_URL`")
}

/// A channel on which RabbitMQ says of each message that it has it.
pub(crate) async fn confirming(connection: &Connection) -> anyhow::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Makes a queue that RabbitMQ keeps when it is restarted, unless there is one.
pub(crate) async fn declare(channel: &Channel, queue: &str) -> anyhow::Result<()> {
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, FieldTable::default()).await?;
    Ok(())
}

/// Sends messages, each with its id, on a channel from [`confirming`]. Once this returns, RabbitMQ has them all. Of an
/// id it may have more than one: when this fails, nobody knows which of them it has.
pub(crate) async fn send(
    channel: &Channel,
    queue: &str,
    messages: &[(String, String)],
) -> anyhow::Result<()> {
    let mut confirmations = Vec::new();
    for (id, body) in messages {
        let properties =
            BasicProperties::default().with_delivery_mode(PERSISTENT).with_message_id(id.as_str().into());
        // Mandatory: it comes back if there is no such queue, instead of being thrown away.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sent = channel.basic_publish("".into(), queue.into(), options, body.as_bytes(), properties);
        confirmations.push(sent.await?);
    }
    for confirmation in confirmations {
        let confirmation = confirmation.await?;
        ensure!(confirmation == Confirmation::Ack(None), "not taken by RabbitMQ: {confirmation:?}");
    }
    Ok(())
}
