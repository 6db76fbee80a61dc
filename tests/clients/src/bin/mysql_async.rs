//! A service with a pool of `mysql_async`.

use lifecycle_clients_tests::sessions::{self, Error, Session, releases, setting};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Pool};

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    pool: Pool,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let pool = Pool::from_url(setting("DATABASE_URL"))?;
    if releases(&pool) {
        lifecycle::manage(Database { pool: pool.clone() });
    }
    sessions::serve(move || get(pool.clone())).await
}

struct Connection(Conn);

async fn get(pool: Pool) -> Result<Connection, Error> {
    Ok(Connection(pool.get_conn().await?))
}

impl Session for Connection {
    fn sleep(seconds: f32) -> String {
        format!("DO SLEEP({seconds})")
    }

    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        Ok(self.0.query_drop(statement).await?)
    }
}
