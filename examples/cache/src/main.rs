//! Counts page views in memory, writes them to Redis once a second, and loses no view at the stop.
//!
//! ```text
//! examples/servers redis                      # in another terminal; copy the line that it prints into this one
//! cargo run -p cache                          # serves on a free port
//! curl -X POST http://127.0.0.1:PORT/home     # counts a view
//! curl http://127.0.0.1:PORT/home             # shows the number of views
//! ```
//!
//! This is a write-behind cache: a response does not wait for Redis. The teardown in `views.rs` writes the views that
//! are left at the stop. It runs after the last request, because the cleanup follows the drain. It runs before the
//! connection to Redis closes, because `Views` has a field `Managed<Redis>`.

mod redis_server;
mod routes;
mod views;
mod writer;

use lifecycle::Managed;

use views::Views;

/// The views start before `main` runs, and before them the connection to Redis, which they need.
#[lifecycle::main(grace = "10s")]
async fn main(views: Managed<Views>) -> anyhow::Result<()> {
    lifecycle::spawn_essential("writer", writer::write(views.clone()));
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes::routes(views))).await?;
    Ok(())
}
