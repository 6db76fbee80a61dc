//! Sends the receipts from the outbox table.

use lifecycle::Managed;
use order_queue::Message;
use tokio::sync::mpsc;

use crate::broker::{Broker, RECEIPTS};
use crate::database::Database;

/// The number of receipts that are sent before the first confirmation is awaited.
const BATCH: usize = 100;

/// Sends receipts until no further receipt can be written. It does not ask for the stop. `wake` closes after the last
/// order in flight is written, and the receipts of these orders have to be sent too.
pub(crate) async fn publish(
    database: Managed<Database>,
    broker: Managed<Broker>,
    mut wake: mpsc::Receiver<()>,
) -> anyhow::Result<()> {
    loop {
        // At the start, the table may have receipts of a process that died.
        while send_batch(&database, &broker).await? == BATCH {}
        if wake.recv().await.is_none() {
            break;
        }
    }
    // The last receipts may have been written without a wake-up.
    while send_batch(&database, &broker).await? == BATCH {}
    Ok(())
}

/// Sends some receipts and marks them as sent. Returns their number. If this process or a server dies in between, the
/// receipts are sent again with the same message id, so that a receiver can recognize them.
async fn send_batch(database: &Database, broker: &Broker) -> anyhow::Result<usize> {
    let mut batch = database.pool.begin().await?;
    // Another worker skips the locked rows. Two workers run at the same time while one replaces the other.
    let unsent = "SELECT number, receipt FROM outbox WHERE NOT sent ORDER BY number LIMIT $1
                  FOR UPDATE SKIP LOCKED";
    let unsent: Vec<(i64, String)> =
        sqlx::query_as(unsent).bind(i64::try_from(BATCH)?).fetch_all(&mut *batch).await?;
    let message = |(number, body): (i64, String)| (number, Message { id: number.to_string(), body });
    let (numbers, receipts): (Vec<i64>, Vec<_>) = unsent.into_iter().map(message).unzip();
    broker.send(RECEIPTS, &receipts).await?;
    let sent = sqlx::query("UPDATE outbox SET sent = true WHERE number = ANY($1)");
    sent.bind(&numbers).execute(&mut *batch).await?;
    batch.commit().await?;
    Ok(numbers.len())
}
