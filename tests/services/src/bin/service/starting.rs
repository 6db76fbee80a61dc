//! Services whose server is missing when they start.

use std::time::Duration;

use lapin::{Connection, ConnectionProperties};
use lifecycle_services_tests::Nats;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;

use crate::consuming::{Broker, Events, Ledger};
use crate::databases::{Invoices, Orders};
use crate::{Error, serve, setting};

/// The time for which a pool retries a closed port.
const PATIENCE: Duration = Duration::from_millis(500);

pub(crate) async fn run(name: &str) -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let url = setting("BROKER_URL");
    match name {
        "postgres" => {
            let pool = PgPoolOptions::new().acquire_timeout(PATIENCE).connect(&url).await?;
            lifecycle::manage(Orders { pool });
        }
        "mariadb" => {
            let pool = MySqlPoolOptions::new().acquire_timeout(PATIENCE).connect(&url).await?;
            lifecycle::manage(Invoices { pool });
        }
        "rabbitmq" => {
            let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
            lifecycle::manage(Broker { connection });
        }
        "redis" => {
            let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
            redis::cmd("PING").exec_async(&mut connection).await?;
        }
        "nats" => {
            let client = Nats::connect(&url).await?;
            lifecycle::manage(Events { client });
        }
        other => return Err(format!("no server `{other}`").into()),
    }
    serve().await;
    Ok(())
}
