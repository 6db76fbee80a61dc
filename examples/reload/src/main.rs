//! Reads its configuration again at a SIGHUP, and loses no request.
//!
//! ```text
//! examples/servers postgres        # in another terminal; the URL that it prints goes into the next line
//! echo '{ "name": "blue", "listen": "127.0.0.1:8080", "database": "URL", "connections": 4 }' > reload.json
//! cargo run -p reload reload.json
//! curl http://127.0.0.1:8080/      # the name, and the time of the database
//! kill -HUP PID                    # after an edit of the file; with systemd: systemctl reload
//! ```
//!
//! One configuration decides a server and its pool: a generation (`generation.rs`). A reload starts the next generation
//! first, and then ends the old one. So a configuration that cannot be used changes nothing, and no client is refused.
//! Requests in progress finish with the pool with which they began.

mod database;
mod generation;
mod routes;
mod settings;

use std::io;
use std::mem;
use std::path::PathBuf;

use anyhow::Context as _;

use generation::Generation;
use settings::Settings;

#[lifecycle::main(grace = "20s")]
async fn main() -> anyhow::Result<()> {
    // `lifecycle` logs each answer to a reload request.
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let path = std::env::args_os().nth(1).map(PathBuf::from).context("usage: reload CONFIGURATION")?;

    // Before the start: until then a SIGHUP of a terminal ends the program.
    let mut reloads = lifecycle::reloads();
    let mut current = Generation::start(Settings::read(&path).await?, None).await?;

    // The requests end when the stop begins.
    while let Some(reload) = reloads.next().await {
        match next(&path, &current).await {
            Ok(next) => {
                let old = mem::replace(&mut current, next);
                reload.accept();
                // In a task, because the next reload does not wait for a slow request. The stop waits for the task.
                lifecycle::spawn(old.retire());
            }
            Err(error) => reload.refuse(format!("{error:#}")),
        }
    }
    current.served().await;
    Ok(())
}

/// Starts the generation of the file as it is now. An error leaves the current one as it is.
async fn next(path: &std::path::Path, current: &Generation) -> anyhow::Result<Generation> {
    Generation::start(Settings::read(path).await?, Some(current)).await
}
