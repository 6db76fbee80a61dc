//! Services that write to a database.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Database, Executor, Pool};

use crate::{Error, number, serve, setting};

/// A pool of `PostgreSQL` connections.
#[lifecycle::resource(timeout = "3s")]
pub(crate) struct Orders {
    #[teardown]
    pub(crate) pool: PgPool,
}

#[lifecycle::resource(timeout = "3s")]
pub(crate) struct Invoices {
    #[teardown]
    pub(crate) pool: MySqlPool,
}

#[lifecycle::resource(timeout = "3s")]
struct Notes {
    #[teardown]
    pool: SqlitePool,
}

pub(crate) async fn run(name: &str) -> Result<(), Error> {
    match name {
        "write to mariadb" => {
            let pool = MySqlPoolOptions::new().max_connections(200).connect(&setting("DATABASE_URL")).await?;
            let db = lifecycle::manage(Invoices { pool });
            return write(&db.pool).await;
        }
        "write to sqlite" => {
            let options = SqliteConnectOptions::new().filename(setting("DATABASE_FILE"));
            let options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
            let pool = SqlitePoolOptions::new().max_connections(8);
            let pool = pool.connect_with(options.busy_timeout(Duration::from_secs(30))).await?;
            let db = lifecycle::manage(Notes { pool });
            let table = "CREATE TABLE IF NOT EXISTS writes (run text, id integer, half integer)";
            (&db.pool).execute(table).await?;
            return write(&db.pool).await;
        }
        _ => {}
    }
    let orders = lifecycle::manage(Orders { pool: postgres().await? });
    let pool = orders.pool.clone();
    some_idle(&pool).await?;
    match name {
        "write" => return write(&pool).await,
        "idle" => {}
        "sleep" => drop(lifecycle::spawn(sleep(pool, false))),
        "sleep untracked" => drop(tokio::spawn(sleep(pool, false))),
        "sleep in a transaction" => drop(lifecycle::spawn(sleep(pool, true))),
        "keep a connection" => {
            let mut connection = pool.acquire().await?;
            (&mut *connection).execute("BEGIN; INSERT INTO writes VALUES ('kept', 1, 1)").await?;
            std::mem::forget(connection);
        }
        "keep one of two" => {
            let (kept, late) = (pool.acquire().await?, pool.acquire().await?);
            std::mem::forget(kept);
            tokio::spawn(async move {
                pool.close_event().await;
                drop(late);
            });
        }
        "give one back late" => {
            let mut connection = pool.acquire().await?;
            tokio::spawn(async move {
                pool.close_event().await;
                let slept = (&mut *connection).execute("SELECT pg_sleep(0.3)").await;
                println!("slept: {:?}", slept.is_ok());
            });
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    serve().await;
    Ok(())
}

pub(crate) async fn postgres() -> Result<PgPool, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(200).acquire_timeout(Duration::from_secs(60));
    pool.connect(&setting("DATABASE_URL")).await
}

/// Opens idle connections as well as those in use. A pool closes the idle ones first.
async fn some_idle(pool: &PgPool) -> Result<(), sqlx::Error> {
    let some = [pool.acquire().await?, pool.acquire().await?, pool.acquire().await?];
    for mut connection in some {
        connection.return_to_pool().await;
    }
    Ok(())
}

/// Runs `WRITERS` tasks, each with one transaction after the other. They end at the stop, or never with
/// `POLITE=0`.
async fn write<DB: Database>(pool: &Pool<DB>) -> Result<(), Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let (written, polite) = (Arc::new(AtomicUsize::new(0)), number("POLITE") == 1);
    for writer in 0..number("WRITERS") {
        let (pool, written) = (pool.clone(), Arc::clone(&written));
        lifecycle::spawn(async move {
            for id in (writer * 1_000_000).. {
                if polite && lifecycle::is_stopping() {
                    break;
                }
                match transaction(&pool, id).await {
                    Ok(()) => {
                        let count = written.fetch_add(1, Ordering::Relaxed) + 1;
                        println!("acknowledged {id}\nwritten {count}");
                    }
                    Err(error) => println!("failed: {error}"),
                }
            }
        });
    }
    serve().await;
    Ok(())
}

/// Writes two rows in one transaction.
async fn transaction<DB: Database>(pool: &Pool<DB>, id: usize) -> Result<(), sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut transaction = pool.begin().await?;
    for half in [1, 2] {
        let insert =
            format!("INSERT INTO writes (run, id, half) VALUES ('{}', {id}, {half})", setting("RUN"));
        (&mut *transaction).execute(AssertSqlSafe(insert)).await?;
    }
    transaction.commit().await
}

/// Runs a statement that takes longer than any test.
async fn sleep(pool: PgPool, in_a_transaction: bool) {
    let slept = async {
        let mut connection = pool.begin().await?;
        if in_a_transaction {
            (&mut *connection).execute("INSERT INTO writes VALUES ('asleep', 1, 1)").await?;
        }
        println!("asleep");
        (&mut *connection).execute("SELECT pg_sleep(60)").await?;
        connection.commit().await
    };
    let slept: Result<(), sqlx::Error> = slept.await;
    println!("slept: {slept:?}");
}
