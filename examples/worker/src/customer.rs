//! Places orders, to try the program.

use order_queue::{Message, ORDERS};

use crate::broker::Broker;

pub(crate) async fn order(broker: &Broker, orders: usize) -> anyhow::Result<()> {
    let customer = std::process::id();
    let order =
        |number: usize| Message { id: number.to_string(), body: format!("customer{customer}-{number}") };
    let orders: Vec<_> = (0..orders).map(order).collect();
    for batch in orders.chunks(1_000) {
        broker.send(ORDERS, batch).await?;
    }
    Ok(())
}
