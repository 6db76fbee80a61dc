//! Settles the orders in the background.

use std::time::Duration;

use lifecycle::Managed;

use crate::backlog::Backlog;
use crate::journal::Journal;

/// How many orders the bank takes at once, and how long it takes for them.
const BATCH: u32 = 16;
const BANK: Duration = Duration::from_millis(25);

/// Settles orders until the stop begins. A batch that it has begun it finishes, since the drain waits for it; what is
/// left then is settled after the next start: the bank is too slow to wait for.
pub(crate) async fn settle(mut backlog: Backlog, journal: Managed<Journal>) -> anyhow::Result<()> {
    while !lifecycle::is_stopping() {
        let orders = backlog.some(BATCH).await?;
        if orders.is_empty() {
            tokio::select! {
                _ = backlog.grows() => {}
                () = lifecycle::stopping() => {}
            }
            continue;
        }
        tokio::time::sleep(BANK).await;
        for order in &orders {
            journal.record(order).await?;
        }
        backlog.mark(&orders, "settled").await?;
    }
    Ok(())
}
