//! Settles the orders in the background.

use std::time::Duration;

use lifecycle::Managed;

use crate::journal::Journal;
use crate::shop::Shop;

/// How many orders the bank takes at once, and how long it takes for them.
const BATCH: u32 = 16;
const BANK: Duration = Duration::from_millis(25);

/// Settles orders until the stop begins. A batch that it has begun it finishes, since the drain waits for it; what is
/// left then is settled after the next start.
pub(crate) async fn settle(shop: Shop, journal: Managed<Journal>) -> anyhow::Result<()> {
    while !lifecycle::is_stopping() {
        let orders = shop.unsettled(BATCH).await?;
        if orders.is_empty() {
            tokio::select! {
                () = shop.placed() => {}
                () = lifecycle::stopping() => {}
            }
            continue;
        }
        tokio::time::sleep(BANK).await;
        for order in &orders {
            journal.record(order).await?;
        }
        shop.mark_settled(&orders).await?;
    }
    Ok(())
}
