//! The source keeps the rules of `conformance`.

use std::collections::HashMap;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use lifecycle::consumer::conformance::{Broker, Limit};
use lifecycle::consumer::{Error, KafkaMessage, KafkaTopic, conformance};
use lifecycle_clients_tests::Tansu;
use lifecycle_process_tests::PATIENCE;
use rdkafka::Message as _;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::{HEARTBEAT_INTERVAL, SESSION_TIMEOUT};

struct Kafka {
    partitions: i32,
    per_partition: usize,
    limits: &'static [Limit],
    producer: FutureProducer,
    admin: AdminClient<DefaultClientContext>,
    /// For each queue what ends when its last source has left its group.
    last: Mutex<HashMap<String, Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Kafka {
    fn topic(&self, queue: &str) -> String {
        format!("{queue}-{}", self.partitions)
    }
}

impl Broker for Kafka {
    type Source = KafkaTopic;

    async fn create(&self, queue: &str) -> Result<(), Error> {
        let topic = self.topic(queue);
        let new = NewTopic::new(&topic, self.partitions, TopicReplication::Fixed(1));
        let created = self.admin.create_topics(&[new], &AdminOptions::new()).await?;
        created
            .into_iter()
            .try_for_each(|topic| topic.map(drop))
            .map_err(|(topic, error)| format!("{topic}: {error}"))?;
        Ok(())
    }

    async fn publish(&self, queue: &str, numbers: Range<u64>) -> Result<(), Error> {
        let topic = self.topic(queue);
        for number in numbers {
            let payload = number.to_string();
            let partition = i32::try_from(self.partition(number))?;
            let record = FutureRecord::<(), str>::to(&topic).partition(partition).payload(&payload);
            self.producer.send(record, PATIENCE).await.map_err(|(error, _)| error)?;
        }
        Ok(())
    }

    async fn open(&self, queue: &str) -> Result<KafkaTopic, Error> {
        let topic = self.topic(queue);
        let mut config = Tansu::shared().config();
        config.set("group.id", &topic).set("auto.offset.reset", "earliest");
        config.set("session.timeout.ms", SESSION_TIMEOUT.as_millis().to_string());
        config.set("heartbeat.interval.ms", HEARTBEAT_INTERVAL.as_millis().to_string());
        // Tansu 0.6 sometimes assigns nothing for ever if one member leaves while another joins.
        let before = self.last.lock().expect("the futures").remove(queue);
        if let Some(left) = before {
            tokio::time::timeout(PATIENCE, left).await?;
        }
        let source = KafkaTopic::subscribe(&config, &[&topic])?.per_partition(self.per_partition);
        self.last.lock().expect("the futures").insert(queue.to_owned(), Box::pin(source.left()));
        // If the only member leaves a group of Tansu 0.6 while it joins, no member can join after that.
        // This rule drops 4,000 calls of `next` and leaves within the first 500 ms.
        if queue.ends_with("DroppedNext") {
            source.joined().await;
        }
        Ok(source)
    }

    fn number(&self, message: &KafkaMessage) -> Option<u64> {
        str::from_utf8(message.payload()?).ok()?.parse().ok()
    }

    fn partition(&self, number: u64) -> u64 {
        number % u64::try_from(self.partitions).expect("it is positive")
    }

    fn limits(&self) -> &[Limit] {
        self.limits
    }
}

#[track_caller]
fn conforms(partitions: i32, per_partition: usize, limits: &'static [Limit]) {
    let mut config = Tansu::shared().config();
    config.set("linger.ms", "0");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let faults = runtime.unwrap().block_on(async {
        let (producer, admin) = (config.create().expect("a producer"), config.create().expect("a client"));
        let broker = Kafka { partitions, per_partition, limits, producer, admin, last: Mutex::default() };
        conformance(&broker, PATIENCE + Duration::from_secs(30)).await
    });
    faults.unwrap_or_else(|faults| panic!("{faults}"));
}

/// A rule leaves at most 10 messages without a verdict, here each in its own partition.
pub(crate) fn one_message_of_a_partition_at_once_conforms() {
    conforms(16, 1, &[]);
}

pub(crate) fn several_messages_of_a_partition_at_once_conform() {
    conforms(1, 16, &[Limit::AckInOrder]);
}
