//! Hands the orders on to RabbitMQ, where `worker` takes them: an outbox.

use lifecycle::Managed;

use crate::backlog::Backlog;
use crate::broker::Broker;

/// How many orders are sent before the first is waited for.
const BATCH: u32 = 100;

/// Hands orders on for as long as somebody may place one, and leaves none behind: this process may have no successor.
/// It never asks whether the service stops.
pub(crate) async fn hand_on(mut backlog: Backlog, broker: Managed<Broker>) -> anyhow::Result<()> {
    // First what is there: a predecessor may have died before it had handed on all.
    hand_on_all(&backlog, &broker).await?;
    while backlog.grows().await {
        hand_on_all(&backlog, &broker).await?;
    }
    // Also what nobody has waited to see placed.
    hand_on_all(&backlog, &broker).await
}

/// Marks an order when RabbitMQ has it, and not before. In the one case where it has it and the order is not marked,
/// when this process or RabbitMQ dies in between, it gets it again: whoever takes it from there knows it by its id.
async fn hand_on_all(backlog: &Backlog, broker: &Broker) -> anyhow::Result<()> {
    loop {
        let orders = backlog.some(BATCH).await?;
        if orders.is_empty() {
            return Ok(());
        }
        broker.send(&orders).await?;
        backlog.mark(&orders, "handed on").await?;
    }
}
