//! Services that start along the plan: two databases and a broker, and what needs them. Each start and each teardown
//! prints a line.

use std::fmt::{self, Write as _};
use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use lifecycle::{Managed, Slot, Start};
use lifecycle_process_tests::OnEvent;
use redis::aio::MultiplexedConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tokio::time::sleep;
use tracing::field::{Field, Visit};

use crate::{Error, number, serve, setting};

pub(crate) async fn run(scenario: &str) -> Result<(), Error> {
    OnEvent(log).install()?;
    match scenario {
        "all" => drop(lifecycle::start::<Shop>().await?),
        "late" => drop(lifecycle::start::<Database>().await?),
        "never" => drop(lifecycle::start::<Invoices>().await?),
        "fails" => drop(lifecycle::start::<Page>().await?),
        "blocks" => drop(lifecycle::start::<Blocked>().await?),
        other => return Err(format!("no scenario `{other}`").into()),
    }
    serve().await;
    Ok(())
}

/// Prints that a resource has started, and later that it is closed. It is the last field, which closes last.
struct Said(&'static str);

impl Said {
    fn started(name: &'static str) -> Said {
        println!("{name} started");
        Said(name)
    }

    fn close(&self) {
        println!("{} closed", self.0);
    }
}

#[lifecycle::resource(timeout = "3s")]
struct Database {
    #[teardown]
    pool: PgPool,
    #[teardown(close)]
    said: Said,
}

#[lifecycle::start(timeout = "5s", retry = "60s")]
impl Start for Database {
    async fn start() -> Result<Database, sqlx::Error> {
        let pool = pool().await?;
        Ok(Database { pool, said: Said::started("database") })
    }
}

/// Opens two connections. A pool alone would repeat a connection that is refused, with a back-off of its own.
async fn pool() -> Result<PgPool, sqlx::Error> {
    let options: PgConnectOptions = setting("DATABASE_URL").parse()?;
    options.connect().await?.close().await?;
    let pool = PgPoolOptions::new().min_connections(2).max_connections(4).connect_with(options).await?;
    pool.execute("SELECT 1").await?;
    Ok(pool)
}

#[lifecycle::resource(timeout = "1s")]
struct Cache {
    #[teardown]
    connection: Slot<MultiplexedConnection>,
    #[teardown(close)]
    said: Said,
}

#[lifecycle::start(timeout = "5s", retry = "60s")]
impl Start for Cache {
    async fn start() -> redis::RedisResult<Cache> {
        let client = redis::Client::open(setting("CACHE_URL"))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("CLIENT").arg("SETNAME").arg(setting("RUN")).exec_async(&mut connection).await?;
        Ok(Cache { connection: Slot::new(connection), said: Said::started("cache") })
    }
}

#[lifecycle::resource(timeout = "3s")]
struct Broker {
    #[teardown]
    connection: Connection,
    #[teardown(close)]
    said: Said,
}

#[lifecycle::start(timeout = "5s", retry = "60s")]
impl Start for Broker {
    async fn start() -> lapin::Result<Broker> {
        let named = ConnectionProperties::default().with_connection_name(setting("RUN").into());
        let connection = Connection::connect(&setting("BROKER_URL"), named).await?;
        Ok(Broker { connection, said: Said::started("broker") })
    }
}

/// Needs two of the servers.
#[lifecycle::resource(timeout = "1s")]
struct Orders {
    #[teardown(close)]
    said: Said,
}

#[lifecycle::start]
impl Start for Orders {
    async fn start(database: Managed<Database>, broker: Managed<Broker>) -> Result<Orders, Error> {
        database.pool.execute("SELECT pg_sleep(0.01)").await?;
        let channel = broker.connection.create_channel().await?;
        let options = QueueDeclareOptions { auto_delete: true, ..QueueDeclareOptions::default() };
        channel.queue_declare("along-the-plan".into(), options, FieldTable::default()).await?;
        Ok(Orders { said: Said::started("orders") })
    }
}

/// Needs everything.
#[lifecycle::resource(timeout = "1s")]
struct Shop {
    #[teardown(close)]
    said: Said,
}

#[lifecycle::start]
impl Start for Shop {
    async fn start(_orders: Managed<Orders>, cache: Managed<Cache>) -> Result<Shop, Error> {
        let mut connection = cache.connection.with(Clone::clone).ok_or("it is there")?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(Shop { said: Said::started("shop") })
    }
}

/// A resource whose server never comes.
#[lifecycle::resource(timeout = "1s")]
struct Ledger {
    #[teardown]
    pool: PgPool,
}

#[lifecycle::start(timeout = "1s", retry = "2s")]
impl Start for Ledger {
    async fn start() -> Result<Ledger, sqlx::Error> {
        Ok(Ledger { pool: pool().await? })
    }
}

#[lifecycle::resource(no_teardown = "it holds nothing but the handle")]
struct Invoices {
    _ledger: Managed<Ledger>,
}

#[lifecycle::start]
impl Start for Invoices {
    async fn start(ledger: Managed<Ledger>, _cache: Managed<Cache>) -> Invoices {
        Invoices { _ledger: ledger }
    }
}

/// Needs the orders, and takes `CLOSES_FOR` milliseconds to close.
#[lifecycle::resource(timeout = "15s")]
struct Search {
    #[teardown(close)]
    said: SlowlySaid,
}

struct SlowlySaid(Said);

impl SlowlySaid {
    async fn close(&self) {
        println!("search closing");
        sleep(milliseconds("CLOSES_FOR")).await;
        self.0.close();
    }
}

#[lifecycle::start]
impl Start for Search {
    async fn start(_orders: Managed<Orders>) -> Search {
        Search { said: SlowlySaid(Said::started("search")) }
    }
}

/// A start that fails after `FAILS_AFTER` milliseconds.
#[lifecycle::resource(no_teardown = "memory only")]
struct Reviews;

#[lifecycle::start]
impl Start for Reviews {
    async fn start(_search: Managed<Search>) -> Result<Reviews, &'static str> {
        sleep(milliseconds("FAILS_AFTER")).await;
        Err("no reviewer")
    }
}

/// A start that is under way when the one of the reviews fails.
#[lifecycle::resource(no_teardown = "memory only")]
struct Mailer;

#[lifecycle::start]
impl Start for Mailer {
    async fn start() -> Mailer {
        let _dropped = Dropped;
        std::future::pending().await
    }
}

struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        println!("mailer dropped");
    }
}

/// Waits for the start that fails.
#[lifecycle::resource(no_teardown = "memory only")]
struct Page;

#[lifecycle::start]
impl Start for Page {
    async fn start(_reviews: Managed<Reviews>, _mailer: Managed<Mailer>, _cache: Managed<Cache>) -> Page {
        println!("page started");
        Page
    }
}

/// A start that blocks its thread.
#[lifecycle::resource(no_teardown = "memory only")]
struct Blocked;

#[lifecycle::start]
impl Start for Blocked {
    async fn start(_orders: Managed<Orders>) -> Blocked {
        println!("blocked");
        std::thread::sleep(Duration::from_secs(60));
        Blocked
    }
}

fn milliseconds(name: &str) -> Duration {
    Duration::from_millis(u64::try_from(number(name)).unwrap_or(u64::MAX))
}

/// Writes the message of an event of the framework to stderr.
fn log(event: &tracing::Event<'_>) {
    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                // A string takes everything.
                let _ = write!(self.0, "{value:?}");
            }
        }
    }

    if event.metadata().target() == "lifecycle" {
        let mut message = Message(String::new());
        event.record(&mut message);
        eprintln!("log: {}", message.0);
    }
}
