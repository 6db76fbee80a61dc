//! The service, from its start to its stop.

use crate::arguments::Serve;
use crate::broker::Broker;
use crate::journal::Journal;
use crate::shop::{self, Database, Shop};
use crate::{environment, relay, worker};

#[lifecycle::main(grace = "10s")]
pub(crate) async fn main() -> anyhow::Result<()> {
    let Serve { folder, port, hand_on } = Serve::read()?;
    tokio::fs::create_dir_all(&folder).await?;

    let database = lifecycle::manage(Database::open(&folder).await?);
    let (shop, backlog) = Shop::open(database.clone());
    // An order that is placed is handed on, or settled here.
    if hand_on {
        let broker = Broker::open(&environment::url("RABBITMQ_URL", "RabbitMQ")?).await?;
        lifecycle::spawn_essential("relay", relay::hand_on(backlog, lifecycle::manage(broker)));
    } else {
        let journal = Journal::open(&folder, database).await?;
        lifecycle::spawn_essential("worker", worker::settle(backlog, lifecycle::manage(journal)));
    }

    let listener = lifecycle::net::listen(&format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(shop::routes(shop))).await?;
    Ok(())
}
