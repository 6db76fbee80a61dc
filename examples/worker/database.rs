//! The tables: orders, and an outbox with a receipt for each.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

/// One for each order in hand, and one for the outbox.
const CONNECTIONS: u32 = 17;
/// How long an order waits for one. Less than the drain has: where PostgreSQL has gone, it is handed back by then, and
/// not cut off.
const PATIENCE: Duration = Duration::from_secs(5);

#[lifecycle::resource]
pub(crate) struct Database {
    #[teardown] // closed, when every connection has come back
    pub(crate) pool: PgPool,
}

impl Database {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Database> {
        let options: PgConnectOptions = url.parse().context("`POSTGRES_URL` is no URL of PostgreSQL's")?;
        let options = options.application_name("worker");
        // A pool tries for all its patience to reach a server that is not there. At the start that is a wrong address.
        let first = options.connect().await.context("connect to PostgreSQL: check `POSTGRES_URL`")?;
        first.close().await?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options).await?;
        let tables = "CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY);
                      CREATE TABLE IF NOT EXISTS outbox (
                          number bigserial PRIMARY KEY, receipt text NOT NULL, sent boolean NOT NULL DEFAULT false
                      );
                      CREATE INDEX IF NOT EXISTS unsent ON outbox (number) WHERE NOT sent;";
        sqlx::raw_sql(tables).execute(&pool).await.context("make the tables")?;
        Ok(Database { pool })
    }
}
