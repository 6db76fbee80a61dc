//! The worker, stopped by SIGTERM under load. The test counts the orders at PostgreSQL, and the receipts at RabbitMQ.

use std::collections::HashSet;
use std::ops::Range;

use harness::{Servers, Service, refusal, until};
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// The number of orders, of stops, and of takeovers by another worker after that.
const ORDERS: u32 = 6_000;
const STOPS: u32 = 3;
const TAKEOVERS: u32 = 3;

/// Connects to both servers.
async fn counted_at([postgres, rabbitmq]: [(&str, &str); 2]) -> (PgPool, Connection, Channel) {
    let database = PgPool::connect(postgres.1).await.expect("PostgreSQL answers");
    let broker =
        Connection::connect(rabbitmq.1, ConnectionProperties::default()).await.expect("RabbitMQ answers");
    let channel = broker.create_channel().await.expect("RabbitMQ answers");
    (database, broker, channel)
}

async fn number(database: &PgPool, query: &str) -> u32 {
    let number: i64 = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(database).await.expect(query);
    u32::try_from(number).expect("a count fits into 32 bits")
}

/// Returns the number of messages in a queue that are not delivered to a consumer.
async fn waiting(channel: &Channel, queue: &str) -> u32 {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
    queue.expect("the worker has created the queue").message_count()
}

/// Places these orders, and waits until RabbitMQ has confirmed all of them.
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

/// Returns the number of written orders at which this stop is due.
fn part(stops: u32) -> u32 {
    ORDERS / (STOPS + TAKEOVERS + 1) * stops
}

async fn written_up_to(orders: u32, database: &PgPool) {
    until("enough orders", async || number(database, "SELECT count(*) FROM orders").await >= orders).await;
}

/// Stops the worker, checks that every order in flight was handled, and returns its stderr.
async fn stopped(worker: Service) -> String {
    let stderr = worker.stopped().await;
    // An order would fail if the database or the outbox ended before it.
    assert!(!stderr.contains("could not be handled"), "{stderr}");
    stderr
}

/// Takes all messages from a queue.
async fn drain(channel: &Channel, queue: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let options = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get(queue.into(), options).await.expect("RabbitMQ answers") {
        messages.push(String::from_utf8(message.delivery.data).expect("a message is UTF-8"));
    }
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_no_order_and_sends_each_receipt_once() {
    let servers = Servers::start(&["postgres", "rabbitmq"]);
    let urls = ["POSTGRES_URL", "RABBITMQ_URL"].map(|name| (name, servers.url(name)));
    let (database, broker, channel) = counted_at(urls).await;

    // Half of the orders wait when the worker starts, and the others arrive during the stops.
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("orders".into(), durable, FieldTable::default()).await.expect("RabbitMQ answers");
    place(broker.create_channel().await.expect("RabbitMQ answers"), 0..ORDERS / 2).await;
    let customer = broker.create_channel().await.expect("RabbitMQ answers");
    let placing = tokio::spawn(place(customer, ORDERS / 2..ORDERS));
    for stop in 1..=STOPS {
        let worker = Service::start(WORKER, &[], &urls).await;
        assert_eq!(worker.address, "orders");
        written_up_to(part(stop), &database).await;
        let stderr = stopped(worker).await;

        let written = number(&database, "SELECT count(*) FROM orders").await;
        println!("stop {stop}: {written} orders written\n{stderr}");
        assert!(written < ORDERS, "the stop was not under load");
        // Every written order has a receipt, and every receipt is sent.
        assert_eq!(number(&database, "SELECT count(*) FROM outbox").await, written);
        assert_eq!(number(&database, "SELECT count(*) FROM outbox WHERE NOT sent").await, 0);
        assert_eq!(waiting(&channel, "receipts").await, written);
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'worker'";
        until("the end of all sessions", async || number(&database, sessions).await == 0).await;
    }
    // From here on two workers run at the same time, while one takes over from the other.
    let mut worker = Service::start(WORKER, &[], &urls).await;
    for takeover in 1..=TAKEOVERS {
        written_up_to(part(STOPS + takeover), &database).await;
        let next = Service::start(WORKER, &[], &urls).await;
        stopped(std::mem::replace(&mut worker, next)).await;
    }
    placing.await.expect("the customer does not panic");
    let sent = "SELECT count(*) FROM outbox WHERE sent";
    until("every receipt", async || number(&database, sent).await == ORDERS).await;
    stopped(worker).await;
    assert_eq!(waiting(&channel, "orders").await, 0);
    let receipts = drain(&channel, "receipts").await;
    let distinct: HashSet<_> = receipts.iter().collect();
    assert_eq!((receipts.len(), distinct.len()), (ORDERS as usize, ORDERS as usize));
    broker.close(200, "bye".into()).await.expect("RabbitMQ answers");
}

/// RabbitMQ would deliver such a message again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_can_never_be_an_order_is_discarded_and_the_others_are_written() {
    let servers = Servers::start(&["postgres", "rabbitmq"]);
    let urls = ["POSTGRES_URL", "RABBITMQ_URL"].map(|name| (name, servers.url(name)));
    let (database, broker, channel) = counted_at(urls).await;
    let worker = Service::start(WORKER, &[], &urls).await;
    // PostgreSQL compresses text that repeats itself, so this text does not.
    let too_long: String = (0..5_000).map(|number: u32| number.to_string()).collect();
    for order in [&b"\xff"[..], b"order-\0", too_long.as_bytes(), b"order"] {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let placed = channel.basic_publish("".into(), "orders".into(), options, order, properties);
        placed.await.expect("RabbitMQ answers").await.expect("RabbitMQ answers");
    }
    written_up_to(1, &database).await;
    let stderr = stopped(worker).await;
    assert_eq!(stderr.matches("not an order").count(), 3, "{stderr}");
    assert_eq!(waiting(&channel, "orders").await, 0, "a message returned to the queue");
    assert_eq!(number(&database, "SELECT count(*) FROM orders WHERE id = 'order'").await, 1);
    broker.close(200, "bye".into()).await.expect("RabbitMQ answers");
}

/// No server listens on port 1.
#[tokio::test]
async fn a_missing_server_is_named_and_the_exit_status_is_1() {
    let unset = refusal(WORKER, &[], &[]).await;
    assert!(unset.contains("`POSTGRES_URL` is not set: run `examples/servers postgres`"), "{unset}");
    let mut urls = [
        ("POSTGRES_URL", "postgres://test@127.0.0.1:1/postgres"),
        ("RABBITMQ_URL", "amqp://127.0.0.1:1/%2f"),
    ];
    let unset = refusal(WORKER, &[], &urls[..1]).await;
    assert!(unset.contains("`RABBITMQ_URL` is not set: run `examples/servers rabbitmq`"), "{unset}");
    // Both are missing. The time of the database is over first.
    let refused = refusal(WORKER, &[], &urls).await;
    assert!(refused.contains("cannot connect to PostgreSQL: check `POSTGRES_URL`"), "{refused}");
    // The database was opened before, so it is torn down.
    let servers = Servers::start(&["postgres"]);
    urls[0].1 = servers.url("POSTGRES_URL");
    let refused = refusal(WORKER, &[], &urls).await;
    assert!(
        refused.contains("cannot connect to RabbitMQ: check `RABBITMQ_URL`") && refused.contains("Database"),
        "{refused}"
    );
}
