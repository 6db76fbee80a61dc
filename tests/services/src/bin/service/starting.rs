//! Services that find their server missing when they start.

use std::time::Duration;

use lapin::{Connection, ConnectionProperties};
use lifecycle_services_tests::Nats;
use sqlx::postgres::PgPoolOptions;

use crate::consuming::{Broker, Events, Ledger};
use crate::databases::Orders;
use crate::{Error, serve, setting};

pub(crate) async fn run(name: &str) -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let url = setting("BROKER_URL");
    match name {
        "postgres" => {
            // A pool asks again for this long where nobody listens.
            let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(500)).connect(&url).await?;
            lifecycle::manage(Orders { pool });
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
