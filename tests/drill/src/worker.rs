//! Settles the orders in the background.

use std::time::Duration;

use lifecycle::Managed;

use crate::database::Database;
use crate::fault::Fault;
use crate::journal::Journal;

/// The time that the bank takes for one payment.
const PAYMENT: Duration = Duration::from_millis(50);

/// Settles an order. If this process is killed before the mark, the next one settles the order again.
pub(crate) async fn settle(
    database: Managed<Database>,
    journal: Managed<Journal>,
    order: String,
) -> anyhow::Result<()> {
    if Fault::MarksBeforeTheWork.is_planted() {
        database.mark_settled(order.clone()).await?;
        tokio::time::sleep(PAYMENT).await;
        journal.record(&order).await?;
        return Ok(());
    }
    tokio::time::sleep(PAYMENT).await;
    journal.record(&order).await?;
    Ok(database.mark_settled(order).await?)
}
