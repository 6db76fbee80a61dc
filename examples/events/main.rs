//! Writes the events of a NATS JetStream into a file: each once it is taken, and none before it is on the disk.
//!
//! ```text
//! examples/servers nats                       # in another terminal; paste what it prints into this one
//! cargo run --example events                  # takes events into ./events.txt, or what EVENTS_FILE says
//! cargo run --example events -- 100000        # publishes so many first; stop it meanwhile, and start it again
//! ```
//!
//! A pipeline: `take.rs` takes many events at once and sends them through a channel to `writer.rs`, which writes as
//! many as have come by then together, in a file that is in `journal.rs`. `nats.rs` is the connection, `sensor.rs` is
//! for those who have no events.
//!
//! At the stop the pipeline ends from its source on, and nobody has to number its parts: the consumer takes no more
//! and waits for what is in hand, the writer goes on writing it, since it does not know of the stop; then the channel
//! closes, and the writer returns. Only then, the drain being over, are the file and the connection closed.

#[path = "../environment.rs"]
mod environment;
mod journal;
mod nats;
#[path = "../samples.rs"]
mod samples;
mod sensor;
mod take;
mod writer;

use tokio::sync::mpsc;

use journal::Journal;
use nats::Nats;

/// How many events may wait for the writer.
const QUEUE: usize = 256;

#[lifecycle::main(grace = "15s")]
async fn main() -> anyhow::Result<()> {
    let nats = lifecycle::manage(Nats::open(&environment::url("NATS_URL", "NATS")?).await?);
    let journal = lifecycle::manage(Journal::open().await?);
    sensor::publish(&nats, samples::asked_for("events")?).await?;

    let (events, queue) = mpsc::channel(QUEUE);
    lifecycle::spawn_essential("writer", writer::write(journal, queue));
    println!("taking events of the stream {}", nats::STREAM);
    take::take(&nats, events).await
}
