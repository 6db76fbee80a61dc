//! Counts page views: at once in memory, a second later in Redis, and not one is lost at the stop.
//!
//! ```text
//! examples/servers redis                      # in another terminal; paste what it prints into this one
//! cargo run --example cache                   # on a free port
//! curl -X POST http://127.0.0.1:PORT/home     # a view
//! curl http://127.0.0.1:PORT/home             # how many there were
//! ```
//!
//! A cache that is written behind: the answer does not wait for Redis. What has not been written when the stop comes
//! is written by the teardown in `views.rs`, after the last request, since the drain is over then, and before Redis is
//! let go of, since a field says so.

#[path = "../environment.rs"]
mod environment;
mod redis_server;
mod routes;
mod views;
mod writer;

use redis_server::Redis;
use views::Views;

#[lifecycle::main(grace = "10s")]
async fn main() -> anyhow::Result<()> {
    let redis = lifecycle::manage(Redis::open(&environment::url("REDIS_URL", "Redis")?).await?);
    let views = lifecycle::manage(Views::new(redis));
    lifecycle::spawn_essential("writer", writer::write(views.clone()));

    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes::routes(views))).await?;
    Ok(())
}
