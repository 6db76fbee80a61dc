//! Places orders, so that there is something to take.

use crate::broker::Broker;
use crate::rabbitmq::ORDERS;

pub(crate) async fn order(broker: &Broker, orders: usize) -> anyhow::Result<()> {
    let customer = std::process::id();
    let orders: Vec<_> =
        (0..orders).map(|number| (number.to_string(), format!("customer{customer}-{number}"))).collect();
    for some in orders.chunks(1_000) {
        broker.send(ORDERS, some).await?;
    }
    Ok(())
}
