//! A service with a pool of `mysql_async`.

use std::sync::atomic::Ordering;
use std::time::Duration;

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

struct Connection {
    conn: Conn,
    pool: Pool,
}

async fn get(pool: Pool) -> Result<Connection, Error> {
    Ok(Connection { conn: pool.get_conn().await?, pool })
}

impl Session for Connection {
    fn sleep(seconds: f32) -> String {
        format!("DO SLEEP({seconds})")
    }

    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        Ok(self.conn.query_drop(statement).await?)
    }

    /// The pool resets a connection that comes back, and the server answers that.
    async fn give_back(self) {
        let metrics = self.pool.metrics();
        let returned = || metrics.connection_returned_to_pool.load(Ordering::Relaxed);
        let before = returned();
        drop(self.conn);
        while returned() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
