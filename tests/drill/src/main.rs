//! A copy of the example `checkout`, with ten faults that a service may have. `FAULT=NAME` plants one of them.
//!
//! Without a fault, each file is what `examples/checkout` has, in fewer lines. Each fault is a mistake that real services
//! have made, and a clean stop does not show it. `tests/planted.rs` has the table.

mod database;
mod fault;
mod journal;
mod shop;
mod telemetry;
mod worker;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use fault::Fault;
use lifecycle::Process;
use shop::Shop;
use tokio::runtime::RuntimeFlavor;

fn main() -> ExitCode {
    let process = Process::new().grace(Duration::from_secs(10));
    let process = match std::env::var_os("ONE_THREAD") {
        Some(_) => process.flavor(RuntimeFlavor::CurrentThread),
        None => process,
    };
    process.run(serve())
}

async fn serve() -> anyhow::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or_else(|| anyhow::anyhow!("name a folder"))?.into();
    let address: SocketAddr = std::env::var("LISTEN")?.parse()?;
    if Fault::ExitsByItself.is_planted() {
        fault::exit_after_the_notice();
    }
    telemetry::start();
    let database = database::open(&folder).await?;
    let journal = journal::open(&folder, &database).await?;
    if Fault::OutlivesTheDrain.is_planted() {
        fault::count_forever(database.clone());
    }
    let routes = shop::routes(Shop { database, journal });
    let listener = lifecycle::net::listen(&address.to_string()).await?;
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await?;
    Ok(())
}
