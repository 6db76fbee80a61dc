//! A service with a pool of `sqlx` 0.8.

use lifecycle_clients_tests::sessions::{self, Error, Session, releases, setting};
use sqlx08::Executor as _;
use sqlx08::pool::PoolConnection;
use sqlx08::postgres::{PgPool, PgPoolOptions, Postgres};

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    pool: PgPool,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let pool = PgPoolOptions::new().max_connections(8).connect(&setting("DATABASE_URL")).await?;
    if releases(&pool) {
        lifecycle::manage(Database { pool: pool.clone() });
    }
    sessions::serve(move || get(pool.clone())).await
}

struct Connection(PoolConnection<Postgres>);

async fn get(pool: PgPool) -> Result<Connection, Error> {
    Ok(Connection(pool.acquire().await?))
}

impl Session for Connection {
    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        self.0.execute(statement).await?;
        Ok(())
    }

    /// A drop would ask the server first, on a task of its own.
    async fn give_back(mut self) {
        self.0.return_to_pool().await;
    }
}
