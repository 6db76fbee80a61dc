//! The sink of the pipeline: writes what comes, together what has come together.

use std::io;

use async_nats::Message;
use lifecycle::Managed;
use tokio::sync::{mpsc, oneshot};

use crate::journal::Journal;

/// How many events are written together, at most.
const BATCH: usize = 128;

/// An event on its way to the file.
pub(crate) struct Event {
    pub(crate) message: Message,
    /// Told when it is on the disk.
    pub(crate) written: oneshot::Sender<()>,
}

/// Writes for as long as somebody may send. It never asks whether the service stops: if it did, those who send would
/// wait for it in vain.
pub(crate) async fn write(journal: Managed<Journal>, mut queue: mpsc::Receiver<Event>) -> io::Result<()> {
    let mut events = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut events, BATCH).await > 0 {
        journal.append(events.iter().map(|event| &*event.message.payload)).await?;
        for event in events.drain(..) {
            // Nobody waits where the drain's time was up: the event is handed back, and will be written once more.
            let _ = event.written.send(());
        }
    }
    Ok(())
}
