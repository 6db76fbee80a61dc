//! The pool of connections to PostgreSQL.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::settings::Settings;

/// The longest time that a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

#[lifecycle::resource]
pub(crate) struct Database {
    #[teardown] // closes the pool after every connection has been returned
    pool: PgPool,
}

impl Database {
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Database> {
        let options: PgConnectOptions = settings.database.parse().context("`database` is not valid")?;
        let options = options.application_name(&settings.name);
        // The pool would try until its time-out. A wrong address fails sooner with a single connection.
        let first = options.connect().await.context("cannot connect to the database")?;
        first.close().await?;
        let pool = PgPoolOptions::new().max_connections(settings.connections.get());
        let pool = pool.acquire_timeout(ACQUIRE_TIMEOUT).connect_lazy_with(options);
        Ok(Database { pool })
    }

    /// Returns the time of the database. The query takes 20 ms, so that requests are in progress at a reload.
    pub(crate) async fn time(&self) -> sqlx::Result<String> {
        sqlx::query_scalar("SELECT now()::text FROM pg_sleep(0.02)").fetch_one(&self.pool).await
    }
}
