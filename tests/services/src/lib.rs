//! Real servers for the tests, each started by them: on a free port, with a data folder to throw away, as an
//! unprivileged user, in a process group of its own, and gone with the test program.
//!
//! What is lost, and what is handled twice, is counted at these servers, not in our code.

mod keeper;
mod mariadb;
mod nats;
mod postgres;
mod programs;
mod rabbitmq;
mod redis_server;
mod server;

pub use mariadb::MariaDb;
pub use nats::Nats;
pub use postgres::Postgres;
pub use rabbitmq::RabbitMq;
pub use redis_server::Redis;
pub use server::Server;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use lifecycle_process_tests::PATIENCE;
use tokio::runtime::Runtime;

/// What the tests ask the servers runs here.
static ASKING: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime can be built")
});

/// Runs `future` to its end, which has to come.
///
/// # Panics
///
/// If it does not come.
#[track_caller]
pub fn ask<F: Future>(future: F) -> F::Output {
    ASKING
        .block_on(async { tokio::time::timeout(PATIENCE * 2, future).await })
        .expect("a server does not answer")
}

/// Waits until `holds`, for `what`.
///
/// # Panics
///
/// If it takes too long.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE * 2;
    while !holds() {
        assert!(Instant::now() < until, "this never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The numbers of the writes in a file of `SQLite`.
///
/// # Panics
///
/// If it cannot be read.
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
