//! Tansu, a broker of other authors that speaks the Kafka protocol.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use lifecycle_services_tests::{Place, Server, ask};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::ToBytes;
use rdkafka::metadata::MetadataPartition;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

/// The time that one request may take, on a machine ten times too slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Tansu broker for the tests, with its data in memory.
#[derive(Debug)]
pub struct Tansu(Server);

impl Tansu {
    /// Returns the broker that all tests share. No test freezes it.
    pub fn shared() -> &'static Tansu {
        static SHARED: LazyLock<Tansu> = LazyLock::new(Tansu::start);
        &SHARED
    }

    /// Starts another broker.
    ///
    /// # Panics
    ///
    /// If the program is missing. The message is the command that installs it.
    #[must_use]
    pub fn start() -> Tansu {
        let place = Place::new("tansu");
        // The user of the server may not be allowed into the target folder.
        let program = place.folder.join("tansu");
        std::fs::copy(find(), &program).expect("the folder is ours");
        let url = format!("tcp://127.0.0.1:{}", place.port);
        let mut command = place.command(program);
        command.args(["--listener-url", &url, "--advertised-listener-url", &url]);
        command.args(["--storage-engine", "memory://tansu/"]);
        let client = base(place.port);
        Tansu(place.start(command, || client.fetch_metadata(None, Duration::from_secs(1)).is_ok()))
    }

    /// Returns `host:port`, for `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Returns a configuration with the address of this broker.
    pub fn config(&self) -> ClientConfig {
        config(self.port())
    }

    /// Creates a topic.
    ///
    /// # Panics
    ///
    /// If the broker refuses it.
    #[track_caller]
    pub fn create(&self, topic: &str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("an admin client");
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let created = ask(admin.create_topics(&[new], &options)).expect("an answer");
        created[0].as_ref().expect("a topic");
    }

    /// Adds these records, and waits until the broker has them.
    ///
    /// # Panics
    ///
    /// If the broker refuses one.
    #[track_caller]
    pub fn produce<P: ToBytes>(&self, topic: &str, records: impl IntoIterator<Item = (i32, P)>) {
        let producer: BaseProducer = self.config().create().expect("a producer");
        for (partition, payload) in records {
            let mut record = BaseRecord::<(), P>::to(topic).partition(partition).payload(&payload);
            while let Err((_, refused)) = producer.send(record) {
                // The queue is full.
                producer.poll(Duration::from_millis(10));
                record = refused;
            }
        }
        producer.flush(PATIENCE).expect("the broker takes them");
        assert_eq!(producer.in_flight_count(), 0, "the broker has them all");
    }

    /// Returns the partitions of a topic.
    ///
    /// # Panics
    ///
    /// If the broker does not answer.
    #[track_caller]
    pub fn partitions(&self, topic: &str) -> Vec<i32> {
        let metadata = base(self.port()).fetch_metadata(Some(topic), PATIENCE).expect("an answer");
        metadata.topics()[0].partitions().iter().map(MetadataPartition::id).collect()
    }

    /// Returns the offsets that the group has committed. A partition without an offset is left out.
    #[track_caller]
    pub fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, i64> {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().expect("a consumer");
        let mut asked = TopicPartitionList::new();
        for partition in self.partitions(topic) {
            asked.add_partition(topic, partition);
        }
        let committed = consumer.committed_offsets(asked, PATIENCE).expect("an answer");
        let elements = committed.elements();
        let offsets = elements.iter().filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        });
        offsets.collect()
    }

    /// Returns the payloads of all records of the topic, partition by partition, in their order.
    ///
    /// # Panics
    ///
    /// If a record is not text, or does not arrive.
    #[track_caller]
    pub fn payloads(&self, topic: &str) -> Vec<String> {
        let mut config = self.config();
        // The watermark of Tansu counts the last batch as one record.
        config.set("group.id", "reader").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut payloads = Vec::new();
        for partition in self.partitions(topic) {
            let mut from = TopicPartitionList::new();
            from.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
            consumer.assign(&from).expect("a partition of the topic");
            loop {
                let record = match consumer.poll(PATIENCE).expect("the broker answers") {
                    Ok(record) => record,
                    Err(KafkaError::PartitionEOF(_)) => break,
                    Err(error) => panic!("{error}"),
                };
                let payload = record.payload().unwrap_or_default();
                payloads.push(String::from_utf8(payload.to_vec()).expect("the payload is text"));
            }
        }
        payloads
    }
}

impl Deref for Tansu {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

fn config(port: u16) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", format!("127.0.0.1:{port}"));
    config
}

fn base(port: u16) -> BaseConsumer {
    config(port).create().expect("a configuration without a mistake")
}

/// Returns the program, in the target folder of this test.
#[track_caller]
fn find() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let found = test.ancestors().map(|folder| folder.join("programs/tansu")).find(|program| program.exists());
    found.unwrap_or_else(|| panic!("`tansu` is missing; run: tests/programs/tansu target/programs"))
}
