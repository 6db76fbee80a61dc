//! Sends the orders to RabbitMQ, where `worker` takes them.

#[cfg(feature = "hand-on")]
mod broker;
#[cfg(feature = "hand-on")]
mod relay;

#[cfg(feature = "hand-on")]
use anyhow::Context as _;

use crate::backlog::Backlog;

/// Connects to RabbitMQ and starts the task that sends the orders.
#[cfg(feature = "hand-on")]
pub(crate) async fn start(backlog: Backlog) -> anyhow::Result<()> {
    let url = std::env::var("RABBITMQ_URL");
    let url = url.context("`RABBITMQ_URL` is not set: run `examples/servers rabbitmq`")?;
    lifecycle::provide(broker::Url(url));
    let broker = lifecycle::start::<broker::Broker>().await?;
    lifecycle::spawn_essential("relay", relay::hand_on(backlog, broker));
    Ok(())
}

/// Refuses `--hand-on`.
#[cfg(not(feature = "hand-on"))]
#[expect(clippy::unused_async, reason = "the other version is async")]
pub(crate) async fn start(_: Backlog) -> anyhow::Result<()> {
    anyhow::bail!(
        "this build has no RabbitMQ client; run `cargo run -p checkout --features hand-on -- --hand-on`"
    )
}
