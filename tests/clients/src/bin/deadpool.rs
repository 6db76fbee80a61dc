//! A service with a pool of `deadpool`: of `deadpool-postgres`, or of `diesel-async`.

use deadpool_postgres::{Config, Object, Runtime};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::{Object as DieselObject, Pool as DieselPool};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use lifecycle_clients_tests::sessions::{self, Error, Session, releases, setting};

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    pool: deadpool_postgres::Pool,
}

#[lifecycle::resource(timeout = "3s")]
struct DieselDatabase {
    #[teardown]
    pool: DieselPool<AsyncPgConnection>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    if setting("POOL") == "diesel" {
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(setting("DATABASE_URL"));
        let pool = DieselPool::builder(manager).max_size(8).build()?;
        if releases(&pool) {
            lifecycle::manage(DieselDatabase { pool: pool.clone() });
        }
        return sessions::serve(move || get_diesel(pool.clone())).await;
    }
    let mut config = Config::new();
    config.url = Some(setting("DATABASE_URL"));
    let pool = config.create_pool(Some(Runtime::Tokio1), tokio_postgres::NoTls)?;
    if releases(&pool) {
        lifecycle::manage(Database { pool: pool.clone() });
    }
    sessions::serve(move || get(pool.clone())).await
}

struct Connection(Object);

async fn get(pool: deadpool_postgres::Pool) -> Result<Connection, Error> {
    Ok(Connection(pool.get().await?))
}

impl Session for Connection {
    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        Ok(self.0.batch_execute(statement).await?)
    }
}

struct DieselConnection(DieselObject<AsyncPgConnection>);

async fn get_diesel(pool: DieselPool<AsyncPgConnection>) -> Result<DieselConnection, Error> {
    Ok(DieselConnection(pool.get().await?))
}

impl Session for DieselConnection {
    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        Ok(self.0.batch_execute(statement).await?)
    }
}
