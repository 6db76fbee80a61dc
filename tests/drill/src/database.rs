//! The `SQLite` database: every order with its state, and the length of the journal when the journal is complete.

use std::path::Path;
use std::time::Duration;

use lifecycle::{Managed, Teardown};
use tokio::sync::watch;
use tokio_rusqlite::{Connection, OptionalExtension as _, Result};

use crate::fault::Fault;

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS orders (
        id TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'placed'
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS journal (bytes INTEGER NOT NULL);
";

#[lifecycle::resource]
pub(crate) struct Database {
    connection: Connection,
    /// Whether the journal is complete. Only the faults read it.
    complete: watch::Sender<bool>,
}

/// Opens the database in the folder, or creates it.
pub(crate) async fn open(folder: &Path) -> Result<Managed<Database>> {
    let connection = Connection::open(folder.join("orders.sqlite")).await?;
    connection.call(|sqlite| Ok(sqlite.execute_batch(TABLES)?)).await?;
    Ok(lifecycle::manage(Database { connection, complete: watch::Sender::new(false) }))
}

#[lifecycle::teardown]
impl Teardown for Database {
    /// Waits for the statements that have begun, and closes the file.
    async fn teardown(&self) -> anyhow::Result<()> {
        self.teardown_with_a_fault().await?;
        Ok(self.connection.clone().close().await?)
    }
}

impl Database {
    /// Does nothing without a fault.
    async fn teardown_with_a_fault(&self) -> anyhow::Result<()> {
        let mut complete = self.complete.subscribe();
        if Fault::WaitsInACircle.is_planted() {
            let audit = tokio::spawn(async move { complete.wait_for(|complete| *complete).await.map(drop) });
            audit.await??;
        } else if Fault::AsksForever.is_planted() {
            while self.journal_length().await?.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } else if Fault::PanicsAfterAFailure.is_planted() {
            self.journal_length().await?.expect("the journal is complete");
        } else if Fault::BlocksTheThread.is_planted() {
            while !*complete.borrow() {
                std::thread::sleep(Duration::from_millis(10));
            }
        } else if Fault::ClosedUnderItsUser.is_planted() || Fault::SwallowsTheError.is_planted() {
            // The time in which a pool waits for its connections. A journal without a fault is faster.
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        Ok(())
    }

    /// Adds an order. Returns `false` if the order exists already.
    pub(crate) async fn insert(&self, id: String) -> Result<bool> {
        let insert = "INSERT INTO orders (id) VALUES (?1) ON CONFLICT DO NOTHING";
        self.connection.call(move |sqlite| Ok(sqlite.execute(insert, [id])? == 1)).await
    }

    /// Sets the state of an order.
    pub(crate) async fn mark_settled(&self, id: String) -> Result<()> {
        let update = "UPDATE orders SET state = 'settled' WHERE id = ?1";
        self.connection.call(move |sqlite| Ok(sqlite.execute(update, [id]).map(drop)?)).await
    }

    /// Returns the number of orders.
    pub(crate) async fn count(&self) -> Result<u64> {
        let count = "SELECT count(*) FROM orders";
        self.connection.call(move |sqlite| Ok(sqlite.query_row(count, [], |row| row.get(0))?)).await
    }

    /// Stores the length of the complete journal, or `None` while the journal is open.
    pub(crate) async fn set_journal_length(&self, bytes: Option<i64>) -> Result<()> {
        let set = move |sqlite: &mut rusqlite::Connection| {
            let transaction = sqlite.transaction()?;
            transaction.execute("DELETE FROM journal", [])?;
            if let Some(bytes) = bytes {
                transaction.execute("INSERT INTO journal VALUES (?1)", [bytes])?;
            }
            Ok(transaction.commit()?)
        };
        self.connection.call(set).await?;
        self.complete.send_replace(bytes.is_some());
        Ok(())
    }

    async fn journal_length(&self) -> Result<Option<i64>> {
        let select = "SELECT bytes FROM journal";
        self.connection
            .call(move |sqlite| Ok(sqlite.query_row(select, [], |row| row.get(0)).optional()?))
            .await
    }
}
