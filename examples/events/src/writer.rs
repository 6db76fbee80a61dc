//! The sink of the pipeline: writes the events that have arrived, many at once.

use std::io;

use async_nats::Message;
use lifecycle::Managed;
use tokio::sync::{mpsc, oneshot};

use crate::journal::Journal;

/// The largest number of events in one write.
const BATCH: usize = 128;

/// An event, and the sender of its confirmation.
pub(crate) struct Event {
    pub(crate) message: Message,
    /// Sends when the event is on the disk.
    pub(crate) written: oneshot::Sender<()>,
}

/// Writes until every sender is dropped. It does not ask for the stop, because the senders wait for their events.
pub(crate) async fn write(journal: Managed<Journal>, mut queue: mpsc::Receiver<Event>) -> io::Result<()> {
    let mut events = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut events, BATCH).await > 0 {
        journal.append(events.iter().map(|event| &*event.message.payload)).await?;
        for event in events.drain(..) {
            // Without a receiver the time of the drain is over. NATS delivers the event again, and it is written twice.
            let _ = event.written.send(());
        }
    }
    Ok(())
}
