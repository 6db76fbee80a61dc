//! The source of the pipeline: takes events, and acknowledges each event that is written.

use async_nats::Message;
use lifecycle::consumer::Consumer;
use tokio::sync::{mpsc, oneshot};

use crate::nats::Nats;
use crate::writer::Event;

/// The number of events in flight. The writer can write this many at once.
const CONCURRENCY: usize = 128;

/// Takes events until the stop begins, and returns when the events in flight are written. This drops `writer`, which
/// ends the writer.
pub(crate) async fn take(nats: &Nats, writer: mpsc::Sender<Event>) -> anyhow::Result<()> {
    Consumer::new(nats.events().await?)
        .name("events")
        .concurrency(CONCURRENCY)
        .run(move |message| hand_over(message, writer.clone()))
        .await?;
    Ok(())
}

/// Waits until the event is written, because the consumer acknowledges it when this returns. An event that is only in
/// the channel would survive a stop, but not a crash.
async fn hand_over(message: Message, writer: mpsc::Sender<Event>) -> Result<(), &'static str> {
    let (written, is_written) = oneshot::channel();
    writer.send(Event { message, written }).await.map_err(|_| "the writer has ended")?;
    is_written.await.map_err(|_| "the event could not be written")
}
