//! Takes orders, and writes each down together with the receipt that is due for it.

use std::fmt::Display;

use lapin::message::Delivery;
use lifecycle::Managed;
use lifecycle::consumer::{Consumer, Verdict};
use sqlx::error::DatabaseError;
use tokio::sync::mpsc;

use crate::broker::Broker;
use crate::database::Database;

/// How many orders are in hand at once.
const HANDS: usize = 16;

/// Takes orders until the stop begins, and returns when those in hand are finished. `written` ends with it.
pub(crate) async fn take(
    broker: &Broker,
    database: Managed<Database>,
    written: mpsc::Sender<()>,
) -> anyhow::Result<()> {
    Consumer::new(broker.orders().await?)
        .name("orders")
        .concurrency(HANDS)
        .run(move |order| handle(order, database.clone(), written.clone()))
        .await?;
    Ok(())
}

/// If it fails, the order is handed back, and comes again.
async fn handle(
    order: Delivery,
    database: Managed<Database>,
    written: mpsc::Sender<()>,
) -> anyhow::Result<Verdict> {
    let Ok(id) = str::from_utf8(&order.data) else { return Ok(discard(&order.data, "no text")) };
    match write(id, &database).await {
        Err(sqlx::Error::Database(refused)) if is_for_ever(&*refused) => {
            return Ok(discard(&order.data, &refused));
        }
        written => written?,
    }
    // There is no room if the outbox has been woken and has not looked yet: then it will see this one too.
    let _ = written.try_send(());
    Ok(Verdict::Done)
}

/// It will not be an order the next time either: a dead letter, where the queue has a place for those.
fn discard(order: &[u8], why: impl Display) -> Verdict {
    eprintln!("worker: not an order: {:.40?}: {why}", String::from_utf8_lossy(order));
    Verdict::Discard
}

/// Whether PostgreSQL will never take this: a NUL in it, say (class 22, data exception), or a key longer than an index
/// can hold (class 54, program limit exceeded).
fn is_for_ever(refused: &dyn DatabaseError) -> bool {
    refused.code().is_some_and(|code| code.starts_with("22") || code.starts_with("54"))
}

/// Both, or neither. A transaction that is dropped on the way, by an error or at the end of the drain, is rolled back:
/// nobody has acknowledged the order, and it comes again.
async fn write(id: &str, database: &Database) -> sqlx::Result<()> {
    let mut transaction = database.pool.begin().await?;
    let order = sqlx::query("INSERT INTO orders (id) VALUES ($1) ON CONFLICT DO NOTHING");
    // RabbitMQ gives an order out again if it has not heard that it is done: it is known then.
    if order.bind(id).execute(&mut *transaction).await?.rows_affected() == 1 {
        let receipt = sqlx::query("INSERT INTO outbox (receipt) VALUES ($1)");
        receipt.bind(id).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}
