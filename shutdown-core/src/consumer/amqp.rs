//! RabbitMQ, through lapin.

use futures_util::StreamExt as _;

use super::library::lapin::message::Delivery;
use super::library::lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicNackOptions, BasicRejectOptions,
};
use super::library::lapin::{Channel, Consumer};
use crate::consumer::{Error, Receipt, Source};

/// The messages of a RabbitMQ queue, or of another broker that speaks AMQP 0.9.1.
///
/// What happens at the stop:
///
/// 1. `basic.cancel` ends the subscription.
/// 2. Messages that were sent ahead are `nack`ed with `requeue`.
/// 3. The channel is closed, which the broker confirms after it has taken every acknowledgement. Publish over another
///    channel.
///
/// The connection stays open. It is a resource: `#[teardown] connection: lapin::Connection`.
///
/// ```no_run
/// # #[cfg(feature = "lapin")]
/// # async fn f(connection: &lapin::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// use lapin::options::{BasicConsumeOptions, BasicQosOptions};
/// use lapin::types::FieldTable;
/// use lifecycle::consumer::{AmqpQueue, Consumer};
///
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
    /// Returns the source for a subscription on this channel, with acknowledgements (`no_ack` is `false`).
    pub fn new(channel: Channel, deliveries: Consumer) -> AmqpQueue {
        AmqpQueue { channel, deliveries }
    }
}

impl Source for AmqpQueue {
    /// The handler must not acknowledge it.
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
            self.channel
                .basic_cancel(self.deliveries.tag().as_str().into(), BasicCancelOptions::default())
                .await?;
        }
        Ok(())
    }

    /// Closes the channel. The broker confirms that after it has taken every acknowledgement.
    async fn finish(&mut self) -> Result<(), Error> {
        let closed = self.channel.close(200, "shutting down".into()).await;
        closed
            .map_err(|error| format!("the broker did not confirm the last acknowledgements: {error}").into())
    }
}

/// The receipt of a message of an [`AmqpQueue`].
#[derive(Debug)]
pub struct AmqpReceipt(Acker);

/// lapin 3 and 4 export the type at different paths.
type Acker = <Delivery as std::ops::Deref>::Target;

impl AmqpReceipt {
    /// Makes an error of a closed channel, for which lapin returns `false`. The broker delivers the message again.
    fn sent(is_open: bool) -> Result<(), Error> {
        if is_open { Ok(()) } else { Err("the channel is closed".into()) }
    }
}

impl Receipt for AmqpReceipt {
    async fn ack(self) -> Result<(), Error> {
        Self::sent(self.0.ack(BasicAckOptions::default()).await?)
    }

    async fn requeue(self) -> Result<(), Error> {
        Self::sent(self.0.nack(BasicNackOptions { requeue: true, ..BasicNackOptions::default() }).await?)
    }

    async fn reject(self) -> Result<(), Error> {
        Self::sent(self.0.reject(BasicRejectOptions { requeue: false }).await?)
    }
}
