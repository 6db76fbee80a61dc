//! Producers and consumers of `rdkafka`, counted at a broker that speaks the Kafka protocol.

use std::time::{Duration, Instant};

use libc::SIGTERM;
use lifecycle_clients_tests::Tansu;
use lifecycle_process_tests::{Child, Ended, Program, program};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Message as _, Offset, TopicPartitionList};

const TOPIC: &str = "orders";
const MESSAGES: usize = 5_000;
const GRACE: Duration = Duration::from_secs(6);
/// A broker without a message for as long has no more.
const SILENCE: Duration = Duration::from_secs(10);
/// A message waits in the queue of its producer for as long, unless something flushes it.
const LINGERING: &str = "queue.buffering.max.ms=60000 message.timeout.ms=120000";
/// No offset is committed before the end of the test unless something commits it.
const GROUP: &str =
    "group.id=shop auto.offset.reset=earliest auto.commit.interval.ms=300000 session.timeout.ms=6000";
/// The session time-out of a group in which another consumer takes over, in milliseconds.
const LONG_SESSION: &str = "session.timeout.ms=30000";
/// The time for another consumer to take over. A consumer joins a group of Tansu after half of the session time-out, even
/// an empty group. A member that has not left is in the group for 27 s at least.
const TAKE_OVER: Duration = Duration::from_secs(22);

/// Configures the service with this scenario.
fn service(scenario: &str, broker: &Tansu, config: &str, count: usize) -> Program {
    let program = program!("rdkafka_release", scenario).grace("6s");
    program.env("BROKER", broker.bootstrap()).env("CONFIG", config).env("COUNT", count.to_string())
}

#[track_caller]
fn ready(program: Program) -> Child {
    let mut child = program.start();
    child.wait_for("ready");
    child
}

/// Stops the service.
#[track_caller]
fn stopped(program: Program) -> Ended {
    let mut child = ready(program);
    child.signal(SIGTERM);
    child.stopped()
}

/// Starts a broker with an empty topic.
fn broker(partitions: i32) -> Tansu {
    let broker = Tansu::start();
    broker.create(TOPIC, partitions);
    broker
}

/// Returns the numbers that the broker has, in order. It receives until it has as many as expected, because a watermark
/// of Tansu does not count the messages of the last batch.
#[track_caller]
fn delivered(broker: &Tansu, expected: usize) -> Vec<usize> {
    let mut from = TopicPartitionList::new();
    for partition in broker.partitions(TOPIC) {
        from.add_partition_offset(TOPIC, partition, Offset::Beginning).expect("an offset");
    }
    let consumer: BaseConsumer = broker.config().set("group.id", "reader").create().expect("a consumer");
    consumer.assign(&from).expect("partitions of the topic");
    let mut numbers = Vec::new();
    let mut until = Instant::now() + SILENCE;
    while numbers.len() < expected && Instant::now() < until {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(message) => {
                let message = message.expect("the broker answers");
                let payload = message.payload_view::<str>().expect("a payload").expect("text");
                numbers.push(payload.parse().expect("a number"));
                until = Instant::now() + SILENCE;
            }
        }
    }
    numbers.sort_unstable();
    numbers
}

/// Returns whether another consumer of the group receives a message in time.
fn takes_over(broker: &Tansu) -> bool {
    broker.produce(TOPIC, [(0, "next".to_owned())]);
    let mut config = broker.config();
    for setting in GROUP.split_whitespace().chain([LONG_SESSION]) {
        let (name, value) = setting.split_once('=').expect("name=value");
        config.set(name, value);
    }
    let consumer: BaseConsumer = config.create().expect("a consumer");
    consumer.subscribe(&[TOPIC]).expect("a topic");
    let until = Instant::now() + TAKE_OVER;
    let mut received = false;
    while !received && Instant::now() < until {
        received = matches!(consumer.poll(Duration::from_millis(100)), Some(Ok(_)));
    }
    received
}

#[test]
fn messages_in_the_queue_are_lost_without_a_teardown() {
    let broker = broker(4);
    let ended = stopped(service("produce/leaky", &broker, LINGERING, MESSAGES));
    ended.exited(0).said(&["ledger closed"]);
    assert_eq!(delivered(&broker, 1), Vec::<usize>::new());
}

/// The broker has each message. The producer cannot know that for sure, and says so (R22).
#[test]
fn r22_messages_in_the_queue_are_delivered() {
    for kind in ["future", "threaded", "base"] {
        for config in [LINGERING, ""] {
            let broker = broker(4);
            let ended = stopped(service(&format!("produce/{kind}"), &broker, config, MESSAGES));
            ended.exited(0).said(&["ledger closed"]).within(GRACE);
            if config == LINGERING {
                ended.reported(&["Producer", "unconfirmed: the last 5000 messages were sent"]);
            }
            let numbers = delivered(&broker, MESSAGES);
            assert!(numbers.iter().copied().eq(0..MESSAGES), "{kind}, {config}: {} {ended:?}", numbers.len());
        }
    }
}

/// A queue that is empty when the teardown begins has nothing in doubt.
#[test]
fn a_producer_with_an_empty_queue_is_ok() {
    let broker = broker(1);
    let ended = stopped(service("produce/future", &broker, "", 0));
    ended.exited(0).reported(&["Producer", "ok"]).not_reported("unconfirmed");
}

#[test]
fn a_frozen_broker_leaves_a_counted_loss() {
    for kind in ["future", "threaded", "base"] {
        let broker = broker(1);
        let mut child = ready(service(&format!("produce/{kind}"), &broker, LINGERING, MESSAGES));
        broker.freeze();
        child.signal(SIGTERM);
        let ended = child.stopped();
        ended.exited(70).said(&["ledger closed"]).within(GRACE);
        ended.reported(&["Producer", "5000 messages were not delivered"]);
    }
}

#[test]
fn a_killed_broker_leaves_a_counted_loss() {
    for kind in ["future", "threaded", "base"] {
        let broker = broker(1);
        let mut child = ready(service(&format!("produce/{kind}"), &broker, LINGERING, MESSAGES));
        broker.freeze();
        child.signal(SIGTERM);
        child.wait_for("stopping");
        broker.kill();
        let ended = child.stopped();
        ended.exited(70).said(&["ledger closed"]).within(GRACE);
        ended.reported(&["Producer", "5000 messages were not delivered"]);
    }
}

/// R22: the queue is empty after the flush, because the time of its messages is over.
#[test]
fn r22_messages_that_ran_out_of_time_are_a_failure() {
    let broker = broker(1);
    let config = "queue.buffering.max.ms=0 message.timeout.ms=400";
    let mut child = ready(service("produce/future", &broker, config, MESSAGES));
    broker.kill();
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(70).said(&["ledger closed"]).within(GRACE);
    ended.reported(&["Producer", "the last 5000 messages were perhaps not delivered"]);
}

#[test]
fn offsets_are_lost_without_a_teardown_and_the_group_waits() {
    let broker = broker(1);
    broker.produce(TOPIC, (0..100).map(|number| (0, number.to_string())));
    stopped(service("consume/leaky", &broker, &format!("{GROUP} {LONG_SESSION}"), 100)).exited(0);
    assert_eq!(broker.committed("shop", TOPIC).get(&0), None);
    assert!(!takes_over(&broker), "the group waits for the session time-out");
}

fn stored_offsets_are_committed_and_the_group_does_not_wait(scenario: &str) {
    let broker = broker(1);
    broker.produce(TOPIC, (0..100).map(|number| (0, number.to_string())));
    let ended = stopped(service(scenario, &broker, &format!("{GROUP} {LONG_SESSION}"), 100));
    ended.exited(0).said(&["ledger closed"]).reported(&["Consumer", "ok"]).within(GRACE);
    assert_eq!(broker.committed("shop", TOPIC).get(&0), Some(&100), "{scenario}");
    assert!(takes_over(&broker), "{scenario}");
}

#[test]
fn stored_offsets_are_committed_and_a_stream_consumer_leaves_its_group() {
    stored_offsets_are_committed_and_the_group_does_not_wait("consume/stream");
}

#[test]
fn stored_offsets_are_committed_and_a_base_consumer_leaves_its_group() {
    stored_offsets_are_committed_and_the_group_does_not_wait("consume/base");
}

/// What was received and not handled is delivered again.
#[test]
fn a_program_that_commits_has_no_other_offset_committed() {
    let broker = broker(1);
    broker.produce(TOPIC, (0..100).map(|number| (0, number.to_string())));
    let config = format!("{GROUP} enable.auto.commit=false");
    let ended = stopped(service("consume/manual", &broker, &config, 80));
    ended.exited(0).reported(&["Consumer", "ok"]);
    assert_eq!(broker.committed("shop", TOPIC).get(&0), Some(&40));
}

/// Messages that the consumer has fetched and nobody has received are not committed.
#[test]
fn a_message_that_was_not_received_is_not_committed() {
    for kind in ["stream", "base"] {
        let broker = broker(1);
        broker.produce(TOPIC, (0..1_000).map(|number| (0, number.to_string())));
        stopped(service(&format!("consume/{kind}"), &broker, GROUP, 10)).exited(0);
        assert_eq!(broker.committed("shop", TOPIC).get(&0), Some(&10), "{kind}");
    }
}

#[test]
fn a_frozen_or_killed_broker_leaves_offsets_that_are_not_committed() {
    for kind in ["stream", "base"] {
        for killed in [false, true] {
            let broker = broker(1);
            broker.produce(TOPIC, (0..100).map(|number| (0, number.to_string())));
            let mut child = ready(service(&format!("consume/{kind}"), &broker, GROUP, 100));
            broker.freeze();
            child.signal(SIGTERM);
            child.wait_for("stopping");
            if killed {
                broker.kill();
            }
            let ended = child.stopped();
            ended.exited(70).said(&["ledger closed"]).within(GRACE);
            ended.reported(&["Consumer", "the last offsets were not committed"]);
        }
    }
}
