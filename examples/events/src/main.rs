//! Writes the events of a NATS JetStream to a file, and acknowledges each event after it is on the disk.
//!
//! ```text
//! examples/servers nats                       # in another terminal; copy the line that it prints into this one
//! cargo run -p events                         # writes events to ./events.txt, or to the file in EVENTS_FILE
//! cargo run -p events -- 100000               # publishes 100000 events first; stop it and start it again
//! ```
//!
//! The program is a pipeline. `take.rs` takes many events at once and sends them through a channel. `writer.rs` writes
//! the events that have arrived to the file in `journal.rs`, many at once. `nats.rs` has the connection, and `sensor.rs`
//! publishes events to try the program.
//!
//! At the stop the pipeline ends from its source, without a number for each part. First the consumer takes no more
//! events and waits for those in flight. The writer does not ask for the stop, so it writes them. Then the channel
//! closes, the writer returns, and the drain is over. The cleanup closes the file and the connection.

mod journal;
mod nats;
mod sensor;
mod settings;
mod take;
mod writer;

use lifecycle::Managed;
use tokio::sync::mpsc;

use journal::Journal;
use nats::Nats;
use settings::Settings;

/// The number of events that may wait for the writer.
const QUEUE: usize = 256;

/// The connection and the file start at the same time, before `main` runs.
#[lifecycle::main(grace = "15s")]
async fn main(
    settings: Managed<Settings>,
    nats: Managed<Nats>,
    journal: Managed<Journal>,
) -> anyhow::Result<()> {
    sensor::publish(&nats, settings.events).await?;
    let (events, queue) = mpsc::channel(QUEUE);
    lifecycle::spawn_essential("writer", writer::write(journal, queue));
    println!("taking events of the stream {}", nats::STREAM);
    take::take(&nats, events).await
}
