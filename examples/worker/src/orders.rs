//! Takes orders, and writes each order together with its receipt.

use std::fmt::Display;

use lapin::message::Delivery;
use lifecycle::Managed;
use lifecycle::consumer::{Consumer, Verdict};
use sqlx::error::DatabaseError;
use tokio::sync::mpsc;

use crate::broker::Broker;
use crate::database::Database;

/// The number of orders in flight.
const CONCURRENCY: usize = 16;

/// Takes orders until the stop begins, and returns when the orders in flight are written. This drops `written`, which
/// ends the outbox.
pub(crate) async fn take(
    broker: &Broker,
    database: Managed<Database>,
    written: mpsc::Sender<()>,
) -> anyhow::Result<()> {
    Consumer::new(broker.orders().await?)
        .name("orders")
        .concurrency(CONCURRENCY)
        .run(move |order| handle(order, database.clone(), written.clone()))
        .await?;
    Ok(())
}

/// Writes one order. After an error the order returns to the queue.
async fn handle(
    order: Delivery,
    database: Managed<Database>,
    written: mpsc::Sender<()>,
) -> anyhow::Result<Verdict> {
    let Ok(id) = str::from_utf8(&order.data) else { return Ok(discard(&order.data, "not UTF-8")) };
    match write(id, &database).await {
        Err(sqlx::Error::Database(refused)) if is_permanent(&*refused) => {
            return Ok(discard(&order.data, &refused));
        }
        written => written?,
    }
    // A full channel means that the outbox has a wake-up that it has not used yet.
    let _ = written.try_send(());
    Ok(Verdict::Ack)
}

/// Rejects a message that can never become an order. RabbitMQ dead-letters it, if the queue is configured so.
fn discard(order: &[u8], why: impl Display) -> Verdict {
    eprintln!("worker: a message is not an order: {:.40?}: {why}", String::from_utf8_lossy(order));
    Verdict::Reject
}

/// Whether PostgreSQL will refuse this order each time. Examples are a NUL (class 22, data exception) and a key that is
/// too long for an index (class 54, program limit exceeded).
fn is_permanent(refused: &dyn DatabaseError) -> bool {
    refused.code().is_some_and(|code| code.starts_with("22") || code.starts_with("54"))
}

/// Writes the order and its receipt in one transaction. A transaction that is dropped is rolled back. The order is not
/// acknowledged then, and RabbitMQ delivers it again.
async fn write(id: &str, database: &Database) -> sqlx::Result<()> {
    let mut transaction = database.pool.begin().await?;
    let order = sqlx::query("INSERT INTO orders (id) VALUES ($1) ON CONFLICT DO NOTHING");
    // RabbitMQ delivers an order again if the acknowledgement was lost. The order exists then.
    if order.bind(id).execute(&mut *transaction).await?.rows_affected() == 1 {
        let receipt = sqlx::query("INSERT INTO outbox (receipt) VALUES ($1)");
        receipt.bind(id).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}
