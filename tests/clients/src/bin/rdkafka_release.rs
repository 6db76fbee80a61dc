//! A service with a producer or a consumer of `rdkafka`, with and without a teardown.

use std::time::Duration;

use lifecycle::Teardown;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, StreamConsumer};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DefaultProducerContext, FutureProducer, FutureRecord, Producer as _,
    ThreadedProducer,
};

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

const TOPIC: &str = "orders";
/// How long the broker may take for its first answer.
const PATIENCE: Duration = Duration::from_secs(60);

#[lifecycle::resource]
struct Ledger;

#[lifecycle::teardown]
impl Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}

#[lifecycle::resource(timeout = "3s")]
struct Producer {
    #[teardown]
    future: Option<FutureProducer>,
    #[teardown]
    threaded: Option<ThreadedProducer<DefaultProducerContext>>,
    #[teardown]
    base: Option<BaseProducer>,
}

#[lifecycle::resource(timeout = "3s")]
struct Consumer {
    #[teardown]
    stream: Option<StreamConsumer>,
    #[teardown]
    base: Option<BaseConsumer>,
}

#[lifecycle::resource(no_teardown = "the test counts what is lost without one")]
struct Leaky {
    #[teardown(skip = "the test counts what is lost without it")]
    producer: Option<FutureProducer>,
    #[teardown(skip = "the test counts what is lost without it")]
    consumer: Option<StreamConsumer>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    lifecycle::manage(Ledger);
    match std::env::args().nth(1).unwrap_or_default().split_once('/').ok_or("which scenario?")? {
        ("produce", kind) => produce(kind).await,
        ("consume", kind) => consume(kind).await,
        (other, _) => Err(format!("no scenario `{other}`").into()),
    }
}

/// Returns the settings of the client, which are words of the form `name=value`.
fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", setting("BROKER"));
    for setting in setting("CONFIG").split_whitespace() {
        let (name, value) = setting.split_once('=').expect("name=value");
        config.set(name, value);
    }
    config
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn count() -> usize {
    setting("COUNT").parse().expect("a number")
}

/// Sends all messages after the stop began.
async fn produce(kind: &str) -> Result<(), Error> {
    let config = config();
    match kind {
        "future" | "leaky" => {
            let producer: FutureProducer = config.create()?;
            producer.client().fetch_metadata(Some(TOPIC), PATIENCE)?;
            let producer = if kind == "leaky" {
                let leaky = lifecycle::manage(Leaky { producer: Some(producer), consumer: None });
                // Held by a task that never ends.
                std::mem::forget(leaky.clone());
                leaky.producer.clone()
            } else {
                let managed =
                    lifecycle::manage(Producer { future: Some(producer), threaded: None, base: None });
                managed.future.clone()
            };
            let producer = producer.ok_or("it is there")?;
            serve().await;
            for number in 0..count() {
                let record = FutureRecord::<(), str>::to(TOPIC);
                // The program does not wait for the result.
                drop(producer.send_result(record.payload(&number.to_string())).map_err(|(error, _)| error)?);
            }
        }
        "threaded" => {
            let producer: ThreadedProducer<DefaultProducerContext> = config.create()?;
            producer.client().fetch_metadata(Some(TOPIC), PATIENCE)?;
            let managed =
                lifecycle::manage(Producer { future: None, threaded: Some(producer.clone()), base: None });
            serve().await;
            drop(managed);
            for number in 0..count() {
                let record = BaseRecord::<(), str>::to(TOPIC);
                producer.send(record.payload(&number.to_string())).map_err(|(error, _)| error)?;
            }
        }
        "base" => {
            let producer: BaseProducer = config.create()?;
            producer.client().fetch_metadata(Some(TOPIC), PATIENCE)?;
            let managed = lifecycle::manage(Producer { future: None, threaded: None, base: Some(producer) });
            serve().await;
            for number in 0..count() {
                let record = BaseRecord::<(), str>::to(TOPIC);
                let producer = managed.base.as_ref().ok_or("it is there")?;
                producer.send(record.payload(&number.to_string())).map_err(|(error, _)| error)?;
            }
        }
        other => return Err(format!("no producer `{other}`").into()),
    }
    Ok(())
}

/// Receives messages until the stop.
async fn consume(kind: &str) -> Result<(), Error> {
    let config = config();
    if kind == "base" {
        let consumer: BaseConsumer = config.create()?;
        consumer.subscribe(&[TOPIC])?;
        let managed = lifecycle::manage(Consumer { stream: None, base: Some(consumer) });
        // Held by a task that never ends: only the teardown closes the consumer.
        std::mem::forget(managed.clone());
        let reader = managed.clone();
        let read = move || {
            let consumer = reader.base.as_ref().expect("it is there");
            for _ in 0..count() {
                drop(consumer.poll(None).expect("a message without a limit"));
            }
        };
        tokio::task::spawn_blocking(read).await?;
        serve().await;
    } else {
        let consumer: StreamConsumer = config.create()?;
        consumer.subscribe(&[TOPIC])?;
        let (leaky, managed);
        let consumer = if kind == "leaky" {
            leaky = lifecycle::manage(Leaky { producer: None, consumer: Some(consumer) });
            // Held by a task that never ends, so that it is not dropped either.
            std::mem::forget(leaky.clone());
            leaky.consumer.as_ref()
        } else {
            managed = lifecycle::manage(Consumer { stream: Some(consumer), base: None });
            std::mem::forget(managed.clone());
            managed.stream.as_ref()
        };
        let consumer = consumer.ok_or("it is there")?;
        for number in 1..=count() {
            let message = consumer.recv().await?;
            // The program commits the first half, and has not handled the rest.
            if kind == "manual" && number == count() / 2 {
                consumer.commit_message(&message, CommitMode::Sync)?;
            }
        }
        serve().await;
    }
    Ok(())
}

/// Runs until the stop. Prints `ready` and `stopping`.
async fn serve() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
}
