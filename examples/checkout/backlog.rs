//! The orders that are placed and no more. Whoever does something about them marks what that was.

use lifecycle::Managed;
use tokio::sync::mpsc;

use crate::shop::Database;

/// For one who does something about them, who is woken when there is something to do.
pub(crate) struct Backlog {
    database: Managed<Database>,
    placed: mpsc::Receiver<()>,
}

impl Backlog {
    pub(crate) fn new(database: Managed<Database>, placed: mpsc::Receiver<()>) -> Backlog {
        Backlog { database, placed }
    }

    /// Waits until there may be more of them; `false` when nobody can place one any more.
    pub(crate) async fn grows(&mut self) -> bool {
        self.placed.recv().await.is_some()
    }

    /// Some of them, at most `limit`.
    pub(crate) async fn some(&self, limit: u32) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("SELECT id FROM orders WHERE state = 'placed' LIMIT ?")
            .bind(limit)
            .fetch_all(&self.database.pool)
            .await
    }

    /// They are no longer in it: this is what has become of them.
    pub(crate) async fn mark(&self, orders: &[String], state: &str) -> sqlx::Result<()> {
        let mut transaction = self.database.pool.begin().await?;
        for id in orders {
            sqlx::query("UPDATE orders SET state = ? WHERE id = ?")
                .bind(state)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}
