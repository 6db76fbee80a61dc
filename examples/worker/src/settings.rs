//! The command line, and the addresses of the servers.

use anyhow::Context as _;
use clap::Parser as _;
use lifecycle::Start;

/// Takes orders from RabbitMQ into PostgreSQL
#[derive(Debug, clap::Parser)]
struct Arguments {
    /// Number of orders to place first
    #[arg(default_value_t = 0)]
    orders: usize,
}

#[lifecycle::resource(no_teardown = "memory only")]
pub(crate) struct Settings {
    pub(crate) orders: usize,
    pub(crate) postgres: String,
    pub(crate) rabbitmq: String,
}

/// It is not repeated: a missing variable stays missing.
#[lifecycle::start]
impl Start for Settings {
    async fn start() -> anyhow::Result<Settings> {
        let Arguments { orders } = Arguments::parse();
        let postgres = std::env::var("POSTGRES_URL")
            .context("`POSTGRES_URL` is not set: run `examples/servers postgres`")?;
        let rabbitmq = std::env::var("RABBITMQ_URL")
            .context("`RABBITMQ_URL` is not set: run `examples/servers rabbitmq`")?;
        Ok(Settings { orders, postgres, rabbitmq })
    }
}
