//! The worker, stopped by SIGTERM while orders come, and counted at the servers: PostgreSQL has the orders, RabbitMQ
//! the receipts, and what is still to be done.

mod servers;
mod service;

use std::collections::HashSet;
use std::ops::Range;

use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use servers::{Servers, refusal, until};
use service::Service;
use sqlx::postgres::PgPool;

/// How many orders there are, how often the worker is stopped meanwhile, and how often after that another takes over.
const ORDERS: u32 = 6_000;
const STOPS: u32 = 3;
const TAKEOVERS: u32 = 3;

/// What the tests count at: both servers, and a channel of the second.
async fn counted_at([postgres, rabbitmq]: [(&str, &str); 2]) -> (PgPool, Connection, Channel) {
    let database = PgPool::connect(postgres.1).await.expect("PostgreSQL answers");
    let broker =
        Connection::connect(rabbitmq.1, ConnectionProperties::default()).await.expect("RabbitMQ answers");
    let channel = broker.create_channel().await.expect("RabbitMQ answers");
    (database, broker, channel)
}

async fn number(database: &PgPool, query: &str) -> u32 {
    let number: i64 = sqlx::query_scalar(query).fetch_one(database).await.expect(query);
    u32::try_from(number).expect("it is a count")
}

/// How many messages of a queue nobody has in hand.
async fn waiting(channel: &Channel, queue: &str) -> u32 {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
    queue.expect("the worker has made it").message_count()
}

/// Places these orders; returns when RabbitMQ has them all.
async fn place(channel: Channel, orders: Range<u32>) {
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("RabbitMQ answers");
    for number in orders {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let order = format!("order-{number}");
        let placed = channel.basic_publish("".into(), "orders".into(), options, order.as_bytes(), properties);
        drop(placed.await.expect("RabbitMQ answers"));
    }
    channel.wait_for_confirms().await.expect("RabbitMQ answers");
}

/// What is written when the first so many of all stops are due.
fn part(stops: u32) -> u32 {
    ORDERS / (STOPS + TAKEOVERS + 1) * stops
}

async fn written_up_to(orders: u32, database: &PgPool) {
    until("orders", async || number(database, "SELECT count(*) FROM orders").await >= orders).await;
}

/// Stops it, which goes well, and gives what it says then.
async fn stopped(worker: Service) -> String {
    worker.terminate();
    let (status, stderr) = worker.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    // Nothing in hand was handed back because the database or the outbox had gone before.
    assert!(!stderr.contains("could not be handled"), "{stderr}");
    stderr
}

/// Everything that is in a queue.
async fn drain(channel: &Channel, queue: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let options = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get(queue.into(), options).await.expect("RabbitMQ answers") {
        messages.push(String::from_utf8(message.delivery.data).expect("it is an order"));
    }
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_no_order_and_sends_each_receipt_once() {
    let servers = Servers::start(&["postgres", "rabbitmq"]);
    let urls = ["POSTGRES_URL", "RABBITMQ_URL"].map(|name| (name, servers.url(name)));
    let (database, broker, channel) = counted_at(urls).await;

    // There is always more than a worker can take, and more comes.
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("orders".into(), durable, FieldTable::default()).await.expect("RabbitMQ answers");
    place(broker.create_channel().await.expect("RabbitMQ answers"), 0..ORDERS / 2).await;
    let customer = broker.create_channel().await.expect("RabbitMQ answers");
    let placing = tokio::spawn(place(customer, ORDERS / 2..ORDERS));
    for stop in 1..=STOPS {
        let worker = Service::start("worker", &urls).await;
        assert_eq!(worker.address, "orders");
        written_up_to(part(stop), &database).await;
        let stderr = stopped(worker).await;

        let written = number(&database, "SELECT count(*) FROM orders").await;
        println!("stop {stop}: {written} orders written\n{stderr}");
        assert!(written < ORDERS, "it was not stopped under load");
        // No order is written without its receipt, and none of those is left behind.
        assert_eq!(number(&database, "SELECT count(*) FROM outbox").await, written);
        assert_eq!(number(&database, "SELECT count(*) FROM outbox WHERE NOT sent").await, 0);
        assert_eq!(waiting(&channel, "receipts").await, written);
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'worker'";
        until("the end of its sessions", async || number(&database, sessions).await == 0).await;
    }
    // What they had in hand was handed back, so that the next ones take it. These overlap.
    let mut worker = Service::start("worker", &urls).await;
    for takeover in 1..=TAKEOVERS {
        written_up_to(part(STOPS + takeover), &database).await;
        let next = Service::start("worker", &urls).await;
        stopped(std::mem::replace(&mut worker, next)).await;
    }
    placing.await.expect("it went well");
    let sent = "SELECT count(*) FROM outbox WHERE sent";
    until("every receipt", async || number(&database, sent).await == ORDERS).await;
    stopped(worker).await;
    assert_eq!(waiting(&channel, "orders").await, 0);
    let receipts = drain(&channel, "receipts").await;
    let distinct: HashSet<_> = receipts.iter().collect();
    assert_eq!((receipts.len(), distinct.len()), (ORDERS as usize, ORDERS as usize));
    broker.close(200, "bye".into()).await.expect("RabbitMQ answers");
}

/// It would be handed back, and come again, for as long as there is a worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_never_be_an_order_is_discarded_and_the_others_are_written() {
    let servers = Servers::start(&["postgres", "rabbitmq"]);
    let urls = ["POSTGRES_URL", "RABBITMQ_URL"].map(|name| (name, servers.url(name)));
    let (database, broker, channel) = counted_at(urls).await;
    let worker = Service::start("worker", &urls).await;
    // Numbers one behind the other, since what repeats itself is compressed.
    let too_long: String = (0..5_000).map(|number: u32| number.to_string()).collect();
    for order in [&b"\xff"[..], b"order-\0", too_long.as_bytes(), b"order"] {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let placed = channel.basic_publish("".into(), "orders".into(), options, order, properties);
        placed.await.expect("RabbitMQ answers").await.expect("RabbitMQ answers");
    }
    written_up_to(1, &database).await;
    let stderr = stopped(worker).await;
    assert_eq!(stderr.matches("not an order").count(), 3, "{stderr}");
    assert_eq!(waiting(&channel, "orders").await, 0, "it came back");
    assert_eq!(number(&database, "SELECT count(*) FROM orders WHERE id = 'order'").await, 1);
    broker.close(200, "bye".into()).await.expect("RabbitMQ answers");
}

/// Nothing listens on port 1.
#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_the_exit_status_is_1() {
    let unset = refusal("worker", &[], &[]).await;
    assert!(unset.contains("`POSTGRES_URL` is not set: it says where PostgreSQL is"), "{unset}");
    assert!(unset.contains("`examples/servers`"), "{unset}");
    let refused = refusal("worker", &[], &[("POSTGRES_URL", "postgres://test@127.0.0.1:1/postgres")]).await;
    assert!(refused.contains("connect to PostgreSQL: check `POSTGRES_URL`"), "{refused}");
    // What was opened before is closed again.
    let servers = Servers::start(&["postgres"]);
    let urls = [("POSTGRES_URL", servers.url("POSTGRES_URL")), ("RABBITMQ_URL", "amqp://127.0.0.1:1/%2f")];
    let refused = refusal("worker", &[], &urls).await;
    assert!(
        refused.contains("connect to RabbitMQ: check `RABBITMQ_URL`") && refused.contains("Database"),
        "{refused}"
    );
}
