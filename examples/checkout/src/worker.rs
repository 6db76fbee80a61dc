//! Settles the orders in the background.

use std::time::Duration;

use lifecycle::Managed;

use crate::backlog::Backlog;
use crate::journal::Journal;

/// The number of orders in one payment.
const BATCH: u32 = 16;
/// The time that the bank takes for one payment.
const PAYMENT: Duration = Duration::from_millis(25);

/// Opens the journal and starts the task that settles the orders.
pub(crate) async fn start(backlog: Backlog) -> anyhow::Result<()> {
    let journal = lifecycle::start::<Journal>().await?;
    lifecycle::spawn_essential("worker", settle(backlog, journal));
    Ok(())
}

/// Settles orders until the stop begins. The drain waits for the batch in progress. The next start settles the orders
/// that are left, because the bank is too slow to wait for.
async fn settle(mut backlog: Backlog, journal: Managed<Journal>) -> anyhow::Result<()> {
    while !lifecycle::is_stopping() {
        let orders = backlog.orders(BATCH).await?;
        if orders.is_empty() {
            tokio::select! {
                _ = backlog.changed() => {}
                () = lifecycle::stopping() => {}
            }
            continue;
        }
        tokio::time::sleep(PAYMENT).await;
        for order in &orders {
            journal.record(order).await?;
        }
        backlog.mark(orders, "settled").await?;
    }
    Ok(())
}
