//! Takes orders from RabbitMQ into PostgreSQL and sends a receipt for each. No order is lost, and no receipt is sent
//! twice by a clean stop.
//!
//! ```text
//! examples/servers postgres rabbitmq          # in another terminal; copy the lines that it prints into this one
//! cargo run -p worker                         # takes orders
//! cargo run -p worker -- 10000                # places 10000 orders first; stop it and start it again
//! cargo run -p checkout --features hand-on -- --hand-on   # a shop that sends orders
//! ```
//!
//! Begin with `orders.rs`, which takes orders. It writes the order and its receipt in one transaction. `outbox.rs` sends
//! the receipts from the database (an outbox). `database.rs` and `broker.rs` have the connections, and `customer.rs`
//! places orders to try the program.
//!
//! At the stop the consumer takes no more orders and finishes those in flight. Then it drops the channel that wakes the
//! outbox. The outbox sends the last receipts and returns, and the drain is over. The cleanup closes the database and the
//! broker, which are not in use any more.

mod broker;
mod customer;
mod database;
mod orders;
mod outbox;
mod settings;

use lifecycle::Managed;
use tokio::sync::mpsc;

use broker::Broker;
use database::Database;
use settings::Settings;

/// The database and the broker start at the same time, before `main` runs. Both need the settings.
#[lifecycle::main(grace = "15s")]
async fn main(
    settings: Managed<Settings>,
    database: Managed<Database>,
    broker: Managed<Broker>,
) -> anyhow::Result<()> {
    customer::order(&broker, settings.orders).await?;
    // This channel wakes the outbox. One message is enough, because the outbox looks at all receipts when it wakes.
    let (written, wake) = mpsc::channel(1);
    lifecycle::spawn_essential("outbox", outbox::publish(database.clone(), broker.clone(), wake));
    println!("taking orders from the queue {}", order_queue::ORDERS);
    orders::take(&broker, database, written).await
}
