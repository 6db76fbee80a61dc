//! Publishes events, so that there is something to take.

use crate::nats::{Nats, STREAM};

pub(crate) async fn publish(nats: &Nats, events: usize) -> anyhow::Result<()> {
    nats.stream().await?;
    let sensor = std::process::id();
    let numbers: Vec<_> = (0..events).collect();
    for some in numbers.chunks(1_000) {
        let mut taken = Vec::new();
        for number in some {
            let event = format!("sensor{sensor}-{number}");
            taken.push(nats.context.publish(format!("{STREAM}.sample"), event.into()).await?);
        }
        // The server says of each that it has it.
        for taken in taken {
            taken.await?;
        }
    }
    Ok(())
}
