//! A service with a pool of `bb8`, of the connections of `bb8-postgres`.

use bb8_postgres::PostgresConnectionManager;
use lifecycle_clients_tests::sessions::{self, Error, Session, releases, setting};
use tokio_postgres::NoTls;

type Manager = PostgresConnectionManager<NoTls>;

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    pool: bb8::Pool<Manager>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let manager = PostgresConnectionManager::new_from_stringlike(setting("DATABASE_URL"), NoTls)?;
    let pool = bb8::Pool::builder().max_size(8).build(manager).await?;
    if releases(&pool) {
        lifecycle::manage(Database { pool: pool.clone() });
    }
    sessions::serve(move || get(pool.clone())).await
}

struct Connection(bb8::PooledConnection<'static, Manager>);

async fn get(pool: bb8::Pool<Manager>) -> Result<Connection, Error> {
    Ok(Connection(pool.get_owned().await?))
}

impl Session for Connection {
    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        Ok(self.0.batch_execute(statement).await?)
    }
}
