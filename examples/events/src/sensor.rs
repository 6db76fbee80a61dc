//! Publishes events, to try the program.

use crate::nats::{Nats, STREAM};

pub(crate) async fn publish(nats: &Nats, events: usize) -> anyhow::Result<()> {
    nats.stream().await?;
    let sensor = std::process::id();
    let numbers: Vec<_> = (0..events).collect();
    for some in numbers.chunks(1_000) {
        let mut acknowledgements = Vec::new();
        for number in some {
            let event = format!("sensor{sensor}-{number}");
            acknowledgements.push(nats.context.publish(format!("{STREAM}.sample"), event.into()).await?);
        }
        // The server acknowledges each event that it has stored.
        for acknowledgement in acknowledgements {
            acknowledgement.await?;
        }
    }
    Ok(())
}
