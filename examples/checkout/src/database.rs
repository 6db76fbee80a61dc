//! The `SQLite` database: every order with its state.

use lifecycle::{Managed, Start, Teardown};
use tokio_rusqlite::{Connection, OptionalExtension as _, Result, params};

use crate::arguments::Arguments;

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS orders (
        id TEXT PRIMARY KEY, what TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'placed'
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS backlog ON orders (id) WHERE state = 'placed';
    CREATE TABLE IF NOT EXISTS journal (bytes INTEGER NOT NULL);
";

/// Every order with its state.
#[lifecycle::resource(ready = ping)]
pub struct Database {
    connection: Connection,
}

#[lifecycle::start]
impl Start for Database {
    /// Opens the database in the folder, or creates both.
    async fn start(arguments: Managed<Arguments>) -> anyhow::Result<Database> {
        tokio::fs::create_dir_all(&arguments.folder).await?;
        let connection = Connection::open(arguments.folder.join("orders.sqlite")).await?;
        connection.call(|sqlite| Ok(sqlite.execute_batch(TABLES)?)).await?;
        Ok(Database { connection })
    }
}

#[lifecycle::teardown]
impl Teardown for Database {
    /// Waits for the statements that have begun, and closes the file.
    async fn teardown(&self) -> Result<()> {
        // `close` takes the handle by value. A clone is the same connection.
        self.connection.clone().close().await
    }
}

impl Database {
    /// Checks that the file can be read.
    async fn ping(&self) -> Result<()> {
        self.connection.call(|sqlite| Ok(sqlite.execute_batch("SELECT 1 FROM orders LIMIT 1")?)).await
    }

    /// Adds an order. Returns `false` if the order exists already.
    pub(crate) async fn insert(&self, id: String, what: String) -> Result<bool> {
        let insert = "INSERT INTO orders (id, what) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.connection.call(move |sqlite| Ok(sqlite.execute(insert, params![id, what])? == 1)).await
    }

    /// Returns the state of an order, or `None` if the order does not exist.
    pub(crate) async fn state(&self, id: String) -> Result<Option<String>> {
        let select = "SELECT state FROM orders WHERE id = ?1";
        self.connection
            .call(move |sqlite| Ok(sqlite.query_row(select, [id], |row| row.get(0)).optional()?))
            .await
    }

    /// Returns at most `limit` orders whose state is still `placed`.
    pub(crate) async fn placed(&self, limit: u32) -> Result<Vec<String>> {
        let select = "SELECT id FROM orders WHERE state = 'placed' LIMIT ?1";
        self.connection
            .call(move |sqlite| {
                let mut select = sqlite.prepare(select)?;
                let ids = select.query_map([limit], |row| row.get(0))?;
                Ok(ids.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// Sets the state of these orders in one transaction.
    pub(crate) async fn mark(&self, orders: Vec<String>, state: &'static str) -> Result<()> {
        self.connection
            .call(move |sqlite| {
                let transaction = sqlite.transaction()?;
                for id in orders {
                    transaction.execute("UPDATE orders SET state = ?1 WHERE id = ?2", params![state, id])?;
                }
                Ok(transaction.commit()?)
            })
            .await
    }

    /// Stores the length of the complete journal, or `None` while the journal is open.
    pub(crate) async fn set_journal_length(&self, bytes: Option<i64>) -> Result<()> {
        self.connection
            .call(move |sqlite| {
                let transaction = sqlite.transaction()?;
                transaction.execute("DELETE FROM journal", [])?;
                if let Some(bytes) = bytes {
                    transaction.execute("INSERT INTO journal VALUES (?1)", [bytes])?;
                }
                Ok(transaction.commit()?)
            })
            .await
    }
}
