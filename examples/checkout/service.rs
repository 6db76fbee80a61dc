//! The service, from its start to its stop.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use crate::arguments::Serve;
use crate::journal::Journal;
use crate::shop::{self, Database, Shop};
use crate::worker;

#[lifecycle::main(grace = "10s")]
pub(crate) async fn main() -> anyhow::Result<()> {
    let Serve { folder, port } = Serve::read()?;
    tokio::fs::create_dir_all(&folder).await?;

    let database = lifecycle::manage(Database::open(&folder).await?);
    let journal = lifecycle::manage(Journal::open(&folder, database.clone()).await?);
    let shop = Shop::new(database);
    lifecycle::spawn_essential("worker", worker::settle(shop.clone(), journal));

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, shop::routes(shop)).with_graceful_shutdown(lifecycle::draining()).await?;
    Ok(())
}
