//! Takes orders from RabbitMQ into PostgreSQL, and sends a receipt for each: none is lost, and none is sent twice.
//!
//! ```text
//! examples/servers postgres rabbitmq          # in another terminal; paste what it prints into this one
//! cargo run --example worker                  # takes orders
//! cargo run --example worker -- 10000         # places so many first; stop it meanwhile, and start it again
//! cargo run --example checkout -- --hand-on   # places what its customers order
//! ```
//!
//! The receipt is written with the order, in one transaction, and published from there: an outbox. Begin with
//! `orders.rs`, which takes orders, and `outbox.rs`, which sends receipts; `database.rs` and `broker.rs`, over
//! `../rabbitmq.rs`, are what they use, and `customer.rs` is for those who have no customers.
//!
//! At the stop nobody is told in which order to end. The consumer takes no more and finishes the orders in hand; with
//! it ends the channel by which the outbox is woken, and so, once it is empty, the outbox; with that, the drain. Then
//! nobody uses the database and the broker any more, and they are closed.

mod broker;
mod customer;
mod database;
#[path = "../environment.rs"]
mod environment;
mod orders;
mod outbox;
#[path = "../rabbitmq.rs"]
mod rabbitmq;
#[path = "../samples.rs"]
mod samples;

use tokio::sync::mpsc;

use broker::Broker;
use database::Database;

#[lifecycle::main(grace = "15s")]
async fn main() -> anyhow::Result<()> {
    let database = Database::open(&environment::url("POSTGRES_URL", "PostgreSQL")?).await?;
    let database = lifecycle::manage(database);
    let broker = Broker::open(&environment::url("RABBITMQ_URL", "RabbitMQ")?).await?;
    let broker = lifecycle::manage(broker);
    customer::order(&broker, samples::asked_for("orders")?).await?;

    // It wakes the outbox. One place is enough: "there is something" need not be said twice.
    let (written, wake) = mpsc::channel(1);
    lifecycle::spawn_essential("outbox", outbox::publish(database.clone(), broker.clone(), wake));
    println!("taking orders from the queue {}", rabbitmq::ORDERS);
    orders::take(&broker, database, written).await
}
