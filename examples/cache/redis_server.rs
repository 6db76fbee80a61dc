//! The connection to Redis.

use anyhow::Context as _;
use lifecycle::Slot;
use redis::Client;
use redis::aio::ConnectionManager;

/// Which has a connection, and makes a new one when it breaks.
#[lifecycle::resource]
pub(crate) struct Redis {
    #[teardown] // dropped, which is what ends it: hence the slot
    connection: Slot<ConnectionManager>,
}

impl Redis {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Redis> {
        let client = Client::open(url).context("`REDIS_URL` is no URL of Redis's")?;
        // At the start it is asked once: a wrong address is told at once, and not after many tries.
        client.get_multiplexed_async_connection().await.context("connect to Redis: check `REDIS_URL`")?;
        Ok(Redis { connection: Slot::new(client.get_connection_manager().await?) })
    }

    /// Clones share the one connection.
    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection
            .with(ConnectionManager::clone)
            .expect("whoever uses it holds it, and it is there so long")
    }
}
