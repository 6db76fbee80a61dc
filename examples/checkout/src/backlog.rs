//! The backlog: the orders that are placed and not yet settled.

use lifecycle::Managed;
use tokio::sync::mpsc;

use crate::database::Database;
use crate::{hand_on, worker};

/// Wakes the reader of the backlog. The backlog ends when the last clone is dropped.
#[derive(Clone)]
pub struct Placed(mpsc::Sender<()>);

/// The reader's side of the backlog.
pub(crate) struct Backlog {
    database: Managed<Database>,
    wake: mpsc::Receiver<()>,
}

/// Starts the reader: a task that hands the orders on, or one that settles them.
///
/// # Errors
///
/// The journal cannot be opened, or RabbitMQ is missing.
pub async fn open(database: Managed<Database>, hand_on: bool) -> anyhow::Result<Placed> {
    // One message is enough, because the reader looks at all orders when it wakes.
    let (placed, wake) = mpsc::channel(1);
    let backlog = Backlog { database, wake };
    if hand_on {
        hand_on::start(backlog).await?;
    } else {
        worker::start(backlog).await?;
    }
    Ok(Placed(placed))
}

impl Placed {
    /// Tells the reader that the database has a new order.
    pub(crate) fn notify(&self) {
        // A full channel means that the reader has a wake-up that it has not used yet.
        let _ = self.0.try_send(());
    }
}

impl Backlog {
    /// Waits for the next order. Returns `false` when no further order can be placed.
    pub(crate) async fn changed(&mut self) -> bool {
        self.wake.recv().await.is_some()
    }

    /// Returns at most `limit` orders of the backlog.
    pub(crate) async fn orders(&self, limit: u32) -> tokio_rusqlite::Result<Vec<String>> {
        self.database.placed(limit).await
    }

    /// Removes these orders from the backlog by giving them a new state.
    pub(crate) async fn mark(&self, orders: Vec<String>, state: &'static str) -> tokio_rusqlite::Result<()> {
        self.database.mark(orders, state).await
    }
}
