//! The task that sends the orders (an outbox).

use lifecycle::Managed;

use super::broker::Broker;
use crate::backlog::Backlog;

/// The number of orders that are sent before the first confirmation is awaited.
const BATCH: u32 = 100;

/// Sends orders until no further order can be placed. It does not ask for the stop, because every order that was
/// acknowledged has to be sent: this process may have no successor.
pub(crate) async fn hand_on(mut backlog: Backlog, broker: Managed<Broker>) -> anyhow::Result<()> {
    // A predecessor may have died before it had sent all orders.
    send_all(&backlog, &broker).await?;
    while backlog.changed().await {
        send_all(&backlog, &broker).await?;
    }
    // A handler that was dropped may have placed an order without a wake-up.
    send_all(&backlog, &broker).await
}

/// Marks an order after RabbitMQ has confirmed it. If this process dies in between, its successor sends the order again,
/// and the worker recognizes the id.
async fn send_all(backlog: &Backlog, broker: &Broker) -> anyhow::Result<()> {
    loop {
        let orders = backlog.orders(BATCH).await?;
        if orders.is_empty() {
            return Ok(());
        }
        broker.send(&orders).await?;
        backlog.mark(orders, "handed on").await?;
    }
}
