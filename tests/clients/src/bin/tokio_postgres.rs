//! A service with a client of `tokio-postgres`, and the task of its connection.

use std::sync::Arc;

use lifecycle::Slot;
use lifecycle_clients_tests::sessions::{self, Error, Session, releases, setting};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    client: Slot<Arc<Client>>,
    #[teardown]
    connection: Slot<JoinHandle<Result<(), tokio_postgres::Error>>>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let (client, connection) = tokio_postgres::connect(&setting("DATABASE_URL"), NoTls).await?;
    let (client, connection) = (Arc::new(client), tokio::spawn(connection));
    if releases(&client) {
        let (client, connection) = (Slot::new(Arc::clone(&client)), Slot::new(connection));
        lifecycle::manage(Database { client, connection });
    }
    sessions::serve(move || std::future::ready(Ok(Shared(Arc::clone(&client))))).await
}

struct Shared(Arc<Client>);

impl Session for Shared {
    async fn run(&mut self, statement: &str) -> Result<(), Error> {
        Ok(self.0.batch_execute(statement).await?)
    }
}
