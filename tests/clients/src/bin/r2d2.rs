//! A service with a pool of `r2d2`, whose connections block.

use lifecycle::Slot;
use lifecycle_clients_tests::sessions::{self, Error, Session, releases, setting};
use r2d2_postgres::PostgresConnectionManager;
use r2d2_postgres::postgres::NoTls;
use tokio::task::{block_in_place, spawn_blocking};

type Manager = PostgresConnectionManager<NoTls>;

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    pool: r2d2::Pool<Manager>,
}

/// The teardown also drops the pool.
#[lifecycle::resource(timeout = "3s")]
struct OwnDatabase {
    #[teardown]
    pool: Slot<r2d2::Pool<Manager>>,
}

#[lifecycle::main(worker_threads = 4)]
async fn main() -> Result<(), Error> {
    let manager = PostgresConnectionManager::new(setting("DATABASE_URL").parse()?, NoTls);
    // The first connections block.
    let pool = spawn_blocking(|| r2d2::Pool::builder().max_size(4).build(manager)).await??;
    if setting("RELEASE") == "in a slot" {
        lifecycle::manage(OwnDatabase { pool: Slot::new(pool.clone()) });
    } else if releases(&pool) {
        lifecycle::manage(Database { pool: pool.clone() });
    }
    sessions::serve(move || get(pool.clone())).await
}

struct Connection(r2d2::PooledConnection<Manager>);

async fn get(pool: r2d2::Pool<Manager>) -> Result<Connection, Error> {
    Ok(Connection(block_in_place(|| pool.get())?))
}

impl Session for Connection {
    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        Ok(block_in_place(|| self.0.batch_execute(statement))?)
    }
}
