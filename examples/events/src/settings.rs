//! The command line, and the address of the server.

use anyhow::Context as _;
use clap::Parser as _;
use lifecycle::Start;

/// Writes the events of a NATS JetStream to a file
#[derive(Debug, clap::Parser)]
struct Arguments {
    /// Number of events to publish first
    #[arg(default_value_t = 0)]
    events: usize,
}

#[lifecycle::resource(no_teardown = "memory only")]
pub(crate) struct Settings {
    pub(crate) events: usize,
    pub(crate) nats: String,
}

/// It is not repeated: a missing variable stays missing.
#[lifecycle::start]
impl Start for Settings {
    async fn start() -> anyhow::Result<Settings> {
        let Arguments { events } = Arguments::parse();
        let nats = std::env::var("NATS_URL").context("`NATS_URL` is not set: run `examples/servers nats`")?;
        Ok(Settings { events, nats })
    }
}
