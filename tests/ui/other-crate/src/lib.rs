//! Resources that those of another crate depend on.

/// Torn down early.
#[lifecycle::resource(order = 1, no_teardown = "memory only")]
#[derive(Debug)]
pub struct Ledger;

/// Torn down before the ledger.
#[lifecycle::resource(depends_on(Ledger), no_teardown = "memory only")]
#[derive(Debug)]
pub struct Books;

/// A store, which is flushed by a blocking call.
#[derive(Debug)]
pub struct Store;

impl Store {
    /// Writes everything.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn flush(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A pool of connections to a server.
#[derive(Debug)]
pub struct Pool<T>(pub T);

impl<T> Pool<T> {
    /// Closes the pool.
    #[expect(clippy::unused_async, reason = "stands for one that waits")]
    pub async fn close(&self, _code: u16) {}
}

/// A connection that is closed by value.
#[derive(Debug)]
pub struct Connection;

impl Connection {
    /// Closes the connection.
    ///
    /// # Errors
    ///
    /// Always.
    #[expect(clippy::unused_async, reason = "stands for one that waits")]
    pub async fn close(self) -> Result<(), String> {
        Err("closed too late".to_owned())
    }
}
