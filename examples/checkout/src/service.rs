//! The service, from its start to its stop.

use lifecycle::Managed;

use crate::arguments::Arguments;
use crate::backlog;
use crate::database::Database;
use crate::shop::{self, Shop};

/// The arguments start before `main` runs: first the command line, then the database, which needs it.
#[lifecycle::main(grace = "10s")]
pub(crate) async fn main(arguments: Managed<Arguments>, database: Managed<Database>) -> anyhow::Result<()> {
    let placed = backlog::open(database.clone(), arguments.hand_on).await?;
    let routes = shop::routes(Shop::new(database, placed));
    let listener = lifecycle::net::listen(&arguments.socket().to_string()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await?;
    Ok(())
}
