//! Real servers for the tests. Each runs on a free port, with a temporary data folder, as an unprivileged user, in its
//! own process group, and ends with the test program.
//!
//! The tests count lost and repeated work at these servers, not in the code under test.

mod etcd;
mod mariadb;
mod nats;
mod postgres;
mod rabbitmq;
mod redis_server;
mod server;

pub use etcd::Etcd;
pub use lifecycle_process_tests::{installed, wait_until};
pub use mariadb::MariaDb;
pub use nats::Nats;
pub use postgres::{Postgres, PostgresDown};
pub use rabbitmq::RabbitMq;
pub use redis_server::Redis;
pub use server::{Place, Server};

use std::sync::LazyLock;

use lifecycle_process_tests::PATIENCE;
use tokio::runtime::Runtime;

/// The runtime of the tests' own requests to the servers.
static ASKING: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime can be built")
});

/// Runs `future` to its end.
#[track_caller]
pub fn ask<F: Future>(future: F) -> F::Output {
    ASKING
        .block_on(async { tokio::time::timeout(PATIENCE * 2, future).await })
        .expect("a server does not answer")
}

/// Returns the numbers of the writes in a file of `SQLite`.
#[track_caller]
pub fn sqlite_numbers(file: &std::path::Path) -> Vec<i64> {
    use sqlx::{ConnectOptions as _, Connection as _};
    ask(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut connection = options.connect().await.expect("it opens");
        let numbers = sqlx::query_scalar("SELECT id FROM writes").fetch_all(&mut connection).await;
        connection.close().await.expect("it closes");
        numbers.expect("it has the table")
    })
}
