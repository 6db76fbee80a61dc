//! The connection to Redis.

use anyhow::Context as _;
use lifecycle::{Managed, Slot, Start};
use redis::Client;
use redis::aio::ConnectionManager;

/// The address of the server. It is not repeated: a missing variable stays missing.
#[lifecycle::resource(no_teardown = "memory only")]
pub(crate) struct Settings {
    redis: String,
}

#[lifecycle::start]
impl Start for Settings {
    async fn start() -> anyhow::Result<Settings> {
        let redis = std::env::var("REDIS_URL");
        Ok(Settings { redis: redis.context("`REDIS_URL` is not set: run `examples/servers redis`")? })
    }
}

/// One connection, which reconnects when it breaks.
#[lifecycle::resource]
pub(crate) struct Redis {
    #[teardown] // The teardown drops the connection, so a slot holds it.
    connection: Slot<ConnectionManager>,
}

#[lifecycle::start(timeout = "2s", retry = "5s")]
impl Start for Redis {
    async fn start(settings: Managed<Settings>) -> anyhow::Result<Redis> {
        let client = Client::open(&*settings.redis).context("`REDIS_URL` is not a Redis URL")?;
        // The manager would repeat a refused connection itself. A plain connection fails at once.
        client
            .get_multiplexed_async_connection()
            .await
            .context("cannot connect to Redis: check `REDIS_URL`")?;
        Ok(Redis { connection: Slot::new(client.get_connection_manager().await?) })
    }
}

impl Redis {
    /// Returns a handle. All handles share the connection.
    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection
            .with(ConnectionManager::clone)
            .expect("the caller holds this resource, so its teardown has not begun")
    }
}
