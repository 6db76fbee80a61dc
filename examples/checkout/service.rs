//! The service, from its start to its stop.

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

    let listener = lifecycle::net::listen(&format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(shop::routes(shop))).await?;
    Ok(())
}
