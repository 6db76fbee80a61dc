//! A service that receives messages from Kafka and writes a line for each message.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use lifecycle::Managed;
use lifecycle::consumer::{Consumer, KafkaMessage, KafkaTopic, OnFailure, Verdict};
use rdkafka::producer::FutureProducer;
use rdkafka::{ClientConfig, Message as _};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A file with lines: an event, the number and the partition of a message, the process, the time in milliseconds.
#[lifecycle::resource]
struct Ledger {
    #[teardown(skip = "each line is one write")]
    file: File,
}

impl Ledger {
    fn write(&self, event: &str, number: u64, partition: i32) -> Result<(), Error> {
        let (process, now) = (std::process::id(), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?);
        let line = format!("{event} {number} {partition} {process} {}", now.as_millis());
        let written = (&self.file).write(format!("{line}\n").as_bytes())?;
        if written == line.len() + 1 { Ok(()) } else { Err("a part of a line was written".into()) }
    }
}

#[lifecycle::teardown]
impl lifecycle::Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let file = OpenOptions::new().append(true).create(true).open(setting("LEDGER"))?;
    let ledger = lifecycle::manage(Ledger { file });
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", setting("BOOTSTRAP"));
    let producer: FutureProducer = config.create()?;
    config.set("group.id", setting("GROUP")).set("auto.offset.reset", "earliest");
    for pair in setting("CONFIG").split(',').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a setting is `name=value`")?;
        config.set(name, value);
    }
    let mut topic = KafkaTopic::subscribe(&config, &[&setting("TOPIC")])?
        .back_off(Duration::from_millis(200))
        .per_partition(number("PER_PARTITION"))
        .rebalance_wait(Duration::from_millis(u64::try_from(number("REBALANCE_WAIT"))?));
    if let Ok(dead) = std::env::var("DEAD_LETTERS") {
        topic = topic.dead_letters(producer, dead);
    }
    let (handler, time) = (setting("HANDLER"), Duration::from_micros(u64::try_from(number("MICROSECONDS"))?));
    let count = Arc::new(AtomicUsize::new(0));
    let consumer = Consumer::new(topic).name("orders").concurrency(number("CONCURRENCY"));
    let consumer = consumer
        .on_failure(OnFailure::Requeue)
        .run(move |message| handle(handler.clone(), ledger.clone(), message, time, Arc::clone(&count)));
    lifecycle::spawn_essential("orders", consumer);
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
    Ok(())
}

/// Writes the begin and the end of each message.
async fn handle(
    handler: String,
    ledger: Managed<Ledger>,
    message: KafkaMessage,
    time: Duration,
    count: Arc<AtomicUsize>,
) -> Result<Verdict, Error> {
    let number: u64 = std::str::from_utf8(message.payload().ok_or("a message has a number")?)?.parse()?;
    let partition = message.partition();
    ledger.write("begin", number, partition)?;
    let begun = count.fetch_add(1, Ordering::Relaxed) + 1;
    println!("begun {begun}");
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
    match &*handler {
        // The first handling of every fifth message fails.
        "fail" if number.is_multiple_of(5) && !is_known(number)? => {
            ledger.write("failed", number, partition)?;
            return Err("it fails once".into());
        }
        "reject" if number.is_multiple_of(5) => {
            ledger.write("rejected", number, partition)?;
            return Ok(Verdict::Reject);
        }
        "hang at 7" if number == 7 => std::future::pending().await,
        _ => {}
    }
    ledger.write("end", number, partition)?;
    println!("handled {begun}");
    Ok(Verdict::Ack)
}

/// Returns whether the message has failed before.
fn is_known(number: u64) -> Result<bool, Error> {
    let ledger = std::fs::read_to_string(setting("LEDGER"))?;
    Ok(ledger.lines().any(|line| line.starts_with(&format!("failed {number} "))))
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn number(name: &str) -> usize {
    setting(name).parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}
