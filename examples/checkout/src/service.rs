//! The service, from its start to its stop.

use std::net::SocketAddr;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::database::Database;
use crate::journal::Journal;
use crate::shop::{self, Shop};
use crate::{backlog, hand_on, worker};

#[lifecycle::main(grace = "10s")]
pub(crate) async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tokio::fs::create_dir_all(&arguments.folder).await?;

    let database = lifecycle::manage(Database::open(&arguments.folder).await?);
    let (placed, backlog) = backlog::open(database.clone());
    if arguments.hand_on {
        hand_on::start(backlog).await?;
    } else {
        let journal = lifecycle::manage(Journal::open(&arguments.folder, database.clone()).await?);
        lifecycle::spawn_essential("worker", worker::settle(backlog, journal));
    }

    let routes = shop::routes(Shop::new(database, placed));
    let address = SocketAddr::new(arguments.address, arguments.port);
    let listener = lifecycle::net::listen(&address.to_string()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await?;
    Ok(())
}
