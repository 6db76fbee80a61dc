// The service of both versions of `sea-orm`. The program that includes this file has the module `library`.

use lifecycle_clients_tests::sessions::{self, Error, Session, releases, setting};
use library::sea_orm::{self, ConnectOptions, DatabaseConnection};
use library::sqlx::{self, Executor as _};

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    connection: DatabaseConnection,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let mut options = ConnectOptions::new(setting("DATABASE_URL"));
    options.max_connections(8);
    let connection = sea_orm::Database::connect(options).await?;
    if releases(&connection) {
        lifecycle::manage(Database { connection: connection.clone() });
    }
    sessions::serve(move || get(connection.clone())).await
}

/// A connection of the pool that the `DatabaseConnection` holds.
struct Pooled(sqlx::pool::PoolConnection<sqlx::Postgres>);

async fn get(connection: DatabaseConnection) -> Result<Pooled, Error> {
    connection.ping().await?;
    Ok(Pooled(connection.get_postgres_connection_pool().acquire().await?))
}

impl Session for Pooled {
    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        // The text of the query is a `&str` in sqlx 0.8 and a `SqlStr` in 0.9.
        let query = sqlx::QueryBuilder::<sqlx::Postgres>::new(statement);
        self.0.execute(query.sql()).await?;
        Ok(())
    }

    /// The drop of a connection asks the server in the background whether the connection is still good.
    async fn give_back(mut self) {
        self.0.return_to_pool().await;
    }
}
