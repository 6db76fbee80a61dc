//! The source of the pipeline: takes events, and acknowledges those that are written.

use async_nats::Message;
use lifecycle::consumer::Consumer;
use tokio::sync::{mpsc, oneshot};

use crate::nats::Nats;
use crate::writer::Event;

/// How many events are in hand at once, and so how many may be written together.
const HANDS: usize = 128;

/// Takes events until the stop begins, and returns when those in hand are written. `writer` ends with it.
pub(crate) async fn take(nats: &Nats, writer: mpsc::Sender<Event>) -> anyhow::Result<()> {
    Consumer::new(nats.events().await?)
        .name("events")
        .concurrency(HANDS)
        .run(move |message| hand_over(message, writer.clone()))
        .await?;
    Ok(())
}

/// An event is acknowledged when this returns, so it waits until the event is written. To return when it is in the
/// channel would be enough for a clean stop, which empties it, but not for a crash.
async fn hand_over(message: Message, writer: mpsc::Sender<Event>) -> Result<(), &'static str> {
    let (written, is_written) = oneshot::channel();
    writer.send(Event { message, written }).await.map_err(|_| "nobody writes any more")?;
    is_written.await.map_err(|_| "it could not be written")
}
