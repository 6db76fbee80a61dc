//! Services that hold an idle connection to a server. With a broker they print a line when they see that it is broken.

use std::time::Duration;

use async_nats::connection::State;
use lapin::{Connection, ConnectionProperties};
use lifecycle::Slot;
use lifecycle_services_tests::Nats;
use redis::aio::MultiplexedConnection;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;

use crate::consuming::{Broker, Ledger};
use crate::databases::{Invoices, Orders};
use crate::{Error, number, serve, setting};

/// The size of a message, in bytes. Some hundreds of them exceed the kernel's buffers and still fit into the
/// client.
const LARGE: usize = 60_000;

/// The time for which a pool retries a closed port.
const PATIENCE: Duration = Duration::from_millis(500);

#[lifecycle::resource(timeout = "3s")]
struct Publisher {
    #[teardown]
    client: async_nats::Client,
}

#[lifecycle::resource(timeout = "1s")]
struct Cache {
    #[teardown]
    connection: Slot<MultiplexedConnection>,
}

pub(crate) async fn run(broker: &str) -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let url = setting("BROKER_URL");
    match broker {
        "rabbitmq" => {
            let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
            let broker = lifecycle::manage(Broker { connection });
            tokio::spawn(tell(move || !broker.connection.status().connected()));
            serve().await;
        }
        "nats" => {
            let client = Nats::connect(&url).await?;
            let publisher = lifecycle::manage(Publisher { client: client.clone() });
            tokio::spawn(tell(move || client.connection_state() != State::Connected));
            serve().await;
            // These messages are still in the client when its teardown begins.
            for number in 0..number("PUBLISH") {
                publisher.client.publish("orders", format!("{number:LARGE$}").into()).await?;
            }
        }
        "redis" => {
            let connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
            let cache = lifecycle::manage(Cache { connection: Slot::new(connection) });
            let mut connection = cache.connection.with(Clone::clone).ok_or("it is there")?;
            redis::cmd("SET").arg("key").arg("value").exec_async(&mut connection).await?;
            serve().await;
        }
        "postgres" => {
            let pool = PgPoolOptions::new().acquire_timeout(PATIENCE).connect(&url).await?;
            lifecycle::manage(Orders { pool });
        }
        "mariadb" => {
            let pool = MySqlPoolOptions::new().acquire_timeout(PATIENCE).connect(&url).await?;
            lifecycle::manage(Invoices { pool });
        }
        other => return Err(format!("no broker `{other}`").into()),
    }
    Ok(())
}

/// Polls `is_broken` and prints a line when it returns `true`. The clients do not notify their user.
async fn tell(is_broken: impl Fn() -> bool) {
    while !is_broken() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    println!("broken");
}
