//! RabbitMQ, by lapin.

use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicNackOptions, BasicRejectOptions};
use lapin::{Acker, Channel, Consumer};

use super::{Error, Receipt, Source};

/// The messages of a queue of RabbitMQ, or of whatever else speaks AMQP 0.9.1.
///
/// At the stop: `basic.cancel`; what was sent ahead is `nack`ed with `requeue`. Then the channel is closed, which makes
/// sure that the broker has taken every acknowledgement: so publish over another one. The connection stays as it is; it
/// is a resource, `#[teardown] connection: lapin::Connection`.
///
/// ```no_run
/// use lapin::options::{BasicConsumeOptions, BasicQosOptions};
/// use lapin::types::FieldTable;
/// use lifecycle::consumer::{AmqpQueue, Consumer};
///
/// # async fn f(connection: &lapin::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// let channel = connection.create_channel().await?;
/// channel.basic_qos(32, BasicQosOptions::default()).await?; // sent ahead, at most
/// let options = BasicConsumeOptions::default();
/// let deliveries = channel.basic_consume("orders".into(), "".into(), options, FieldTable::default()).await?;
/// Consumer::new(AmqpQueue::new(channel, deliveries))
///     .name("orders")
///     .concurrency(16)
///     .run(|delivery| async move {
///         println!("{}", String::from_utf8_lossy(&delivery.data));
///         Ok::<_, std::io::Error>(())
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AmqpQueue {
    channel: Channel,
    deliveries: Consumer,
}

impl AmqpQueue {
    /// Of a subscription with acknowledgements (`no_ack` off) on this channel.
    pub fn new(channel: Channel, deliveries: Consumer) -> AmqpQueue {
        AmqpQueue { channel, deliveries }
    }
}

impl Source for AmqpQueue {
    /// Not to be acknowledged by the handler.
    type Message = Delivery;
    type Receipt = AmqpReceipt;

    async fn next(&mut self) -> Option<Result<(Delivery, AmqpReceipt), Error>> {
        Some(match self.deliveries.next().await? {
            Ok(delivery) => {
                let receipt = AmqpReceipt(delivery.acker.clone());
                Ok((delivery, receipt))
            }
            Err(error) => Err(error.into()),
        })
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        if self.channel.status().connected() {
            self.channel.basic_cancel(self.deliveries.tag(), BasicCancelOptions::default()).await?;
        }
        Ok(())
    }

    /// The broker confirms it, and so has taken every answer that was sent before.
    async fn finish(&mut self) -> Result<(), Error> {
        let closed = self.channel.close(200, "shutting down".into()).await;
        closed
            .map_err(|error| format!("the broker did not confirm the last acknowledgements: {error}").into())
    }
}

/// Of an [`AmqpQueue`].
#[derive(Debug)]
pub struct AmqpReceipt(Acker);

impl AmqpReceipt {
    /// The acker says `false` where the channel is closed: the broker gives the message out again.
    fn heard(heard: bool) -> Result<(), Error> {
        if heard { Ok(()) } else { Err("the channel is closed".into()) }
    }
}

impl Receipt for AmqpReceipt {
    async fn ack(self) -> Result<(), Error> {
        Self::heard(self.0.ack(BasicAckOptions::default()).await?)
    }

    async fn hand_back(self) -> Result<(), Error> {
        Self::heard(self.0.nack(BasicNackOptions { requeue: true, ..BasicNackOptions::default() }).await?)
    }

    async fn discard(self) -> Result<(), Error> {
        Self::heard(self.0.reject(BasicRejectOptions { requeue: false }).await?)
    }
}
