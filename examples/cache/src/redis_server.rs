//! The connection to Redis.

use anyhow::Context as _;
use lifecycle::Slot;
use redis::Client;
use redis::aio::ConnectionManager;

/// One connection, which reconnects when it breaks.
#[lifecycle::resource]
pub(crate) struct Redis {
    #[teardown] // The teardown drops the connection, so a slot holds it.
    connection: Slot<ConnectionManager>,
}

impl Redis {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Redis> {
        let client = Client::open(url).context("`REDIS_URL` is not a Redis URL")?;
        // The manager tries many times. A wrong address fails sooner with a plain connection.
        client
            .get_multiplexed_async_connection()
            .await
            .context("cannot connect to Redis: check `REDIS_URL`")?;
        Ok(Redis { connection: Slot::new(client.get_connection_manager().await?) })
    }

    /// Returns a handle. All handles share the connection.
    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection
            .with(ConnectionManager::clone)
            .expect("the caller holds this resource, so its teardown has not begun")
    }
}
