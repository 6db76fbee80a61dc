//! Sends the receipts that are in the outbox.

use lifecycle::Managed;
use tokio::sync::mpsc;

use crate::broker::{Broker, RECEIPTS};
use crate::database::Database;

/// How many receipts are sent before the first is waited for.
const BATCH: usize = 100;

/// Sends receipts for as long as somebody may write one. It never asks whether the service stops: `wake` closes when
/// the last order in hand is written, and it is for those that it has to stay.
pub(crate) async fn publish(
    database: Managed<Database>,
    broker: Managed<Broker>,
    mut wake: mpsc::Receiver<()>,
) -> anyhow::Result<()> {
    loop {
        // First what is there: also at the start, since a process may have died before it had sent all.
        while send_some(&database, &broker).await? == BATCH {}
        if wake.recv().await.is_none() {
            break;
        }
    }
    // Those who wrote just before it closed.
    while send_some(&database, &broker).await? == BATCH {}
    Ok(())
}

/// Sends some receipts and marks them as sent, or fails and leaves them unsent. In the one case where a receipt is sent
/// and not marked, when this process or a server dies in between, it is sent again, with the same number as its id: by
/// that whoever gets it knows.
async fn send_some(database: &Database, broker: &Broker) -> anyhow::Result<usize> {
    let mut batch = database.pool.begin().await?;
    // Locked, and skipped by others: two workers may run side by side, while one takes over from the other.
    let unsent = "SELECT number, receipt FROM outbox WHERE NOT sent ORDER BY number LIMIT $1
                  FOR UPDATE SKIP LOCKED";
    let unsent: Vec<(i64, String)> =
        sqlx::query_as(unsent).bind(i64::try_from(BATCH)?).fetch_all(&mut *batch).await?;
    let (numbers, receipts): (Vec<i64>, Vec<_>) =
        unsent.into_iter().map(|(number, receipt)| (number, (number.to_string(), receipt))).unzip();
    broker.send(RECEIPTS, &receipts).await?;
    let sent = sqlx::query("UPDATE outbox SET sent = true WHERE number = ANY($1)");
    sent.bind(&numbers).execute(&mut *batch).await?;
    batch.commit().await?;
    Ok(numbers.len())
}
