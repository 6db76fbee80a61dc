//! The PostgreSQL database: the orders, and an outbox with a receipt for each order.

use std::time::Duration;

use anyhow::Context as _;
use lifecycle::{Managed, Start};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::settings::Settings;

/// The number of connections: one for each order in flight, and one for the outbox.
const CONNECTIONS: u32 = 17;
/// The longest time that an order waits for a connection. It is shorter than the drain. If PostgreSQL is gone, the order
/// returns to RabbitMQ before it would be cut off.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

#[lifecycle::resource]
pub(crate) struct Database {
    #[teardown] // closes the pool after every connection has been returned
    pub(crate) pool: PgPool,
}

#[lifecycle::start(timeout = "2s", retry = "5s")]
impl Start for Database {
    async fn start(settings: Managed<Settings>) -> anyhow::Result<Database> {
        let options: PgConnectOptions =
            settings.postgres.parse().context("`POSTGRES_URL` is not a PostgreSQL URL")?;
        let options = options.application_name("worker");
        // The pool would repeat a refused connection itself, and hide why. A single connection fails at once.
        let first = options.connect().await.context("cannot connect to PostgreSQL: check `POSTGRES_URL`")?;
        first.close().await?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
        let pool = pool.connect_with(options).await?;
        let tables = "CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY);
                      CREATE TABLE IF NOT EXISTS outbox (
                          number bigserial PRIMARY KEY, receipt text NOT NULL, sent boolean NOT NULL DEFAULT false
                      );
                      CREATE INDEX IF NOT EXISTS unsent ON outbox (number) WHERE NOT sent;";
        sqlx::raw_sql(tables).execute(&pool).await.context("cannot create the tables")?;
        Ok(Database { pool })
    }
}
