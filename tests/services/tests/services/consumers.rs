//! A consumer that is restarted many times loses no message, and handles no message twice.

use libc::{SIGKILL, SIGTERM};
use lifecycle_process_tests::{Program, Random, soak};
use lifecycle_services_tests::{Nats, Postgres, RabbitMq, Redis, wait_until};

use crate::{ready, service};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broker {
    Rabbit,
    JetStream,
    Stream,
    List,
}

impl Broker {
    pub(crate) fn service(self, queue: &str, concurrency: usize, prefetch: u32) -> Program {
        let (name, url) = match self {
            Broker::Rabbit => ("rabbitmq", RabbitMq::shared().url()),
            Broker::JetStream => ("jetstream", Nats::shared().url()),
            Broker::Stream => ("stream", Redis::shared().url()),
            Broker::List => ("list", Redis::shared().url()),
        };
        let program = service(&format!("consume/{name}")).env("BROKER_URL", url).env("QUEUE", queue);
        let program = program.env("DATABASE_URL", Postgres::shared().url(queue)).env("HANDLER", "insert");
        program.env("CONCURRENCY", concurrency.to_string()).env("PREFETCH", prefetch.to_string())
    }

    /// Fills the queue. `JetStream` redelivers by a time-out and does not watch the connection. So its time-out
    /// must be short if the service is killed.
    pub(crate) fn fill(self, queue: &str, messages: u64, killed: bool) {
        match self {
            Broker::Rabbit => RabbitMq::shared().fill(queue, messages),
            Broker::JetStream => {
                let wait = killed.then_some(std::time::Duration::from_secs(2));
                Nats::shared().fill(queue, messages, wait);
            }
            Broker::Stream => in_pipelines(messages, |pipeline, id| {
                pipeline.xadd(queue, "*", &[("id", id)]).ignore();
            }),
            Broker::List => in_pipelines(messages, |pipeline, id| {
                pipeline.lpush(queue, id).ignore();
            }),
        }
    }

    /// Returns the number of messages that the broker will deliver again after the end of the service.
    fn given_back(self, queue: &str) -> i64 {
        let redis = Redis::shared();
        match self {
            // These brokers count a redelivery when it happens.
            Broker::Rabbit | Broker::JetStream => 0,
            Broker::Stream => redis.pending(queue),
            Broker::List => redis.run(&["LLEN", &format!("{queue}:in-hand:one")]),
        }
    }

    /// Returns the number of messages that the broker has delivered more than once, by its own count.
    fn given_again(self, queue: &str, messages: u64) -> i64 {
        match self {
            Broker::Rabbit => {
                let again = format!("SELECT count(*) FROM handled WHERE queue = '{queue}' AND again");
                Postgres::shared().number(&again)
            }
            Broker::JetStream => {
                let delivered = Nats::shared().info(queue).delivered.consumer_sequence;
                i64::try_from(delivered - messages).unwrap()
            }
            Broker::Stream | Broker::List => 0,
        }
    }
}

fn in_pipelines(messages: u64, add: impl Fn(&mut redis::Pipeline, u64)) {
    let ids: Vec<u64> = (0..messages).collect();
    for some in ids.chunks(1_000) {
        let mut pipeline = redis::pipe();
        for id in some {
            add(&mut pipeline, *id);
        }
        Redis::shared().all(&pipeline);
    }
}

/// Returns the number of messages that were handled, and the number of repeated handlings.
pub(crate) fn handled(queue: &str) -> (i64, i64) {
    let postgres = Postgres::shared();
    let distinct = format!("SELECT count(DISTINCT id) FROM handled WHERE queue = '{queue}'");
    let all = format!("SELECT count(*) FROM handled WHERE queue = '{queue}'");
    let distinct = postgres.number(&distinct);
    (distinct, postgres.number(&all) - distinct)
}

/// Stops a service repeatedly with `signal`, until all messages are handled. Checks the number of lost, repeated
/// and redelivered messages.
fn restarted(broker: Broker, signal: i32, concurrency: usize) {
    let (messages, restarts) = if soak() { (20_000, 20) } else { (2_000, 4) };
    let prefetch = 32;
    let queue = format!("{broker:?}{signal}x{concurrency}");
    broker.fill(&queue, messages, signal == SIGKILL);
    let (mut random, mut given_back) = (Random::new(), 0);
    let mut longest = std::time::Duration::ZERO;
    for _ in 0..restarts {
        let mut child = ready(broker.service(&queue, concurrency, prefetch));
        child.wait_for(&format!("handled {}", 1 + random.below(messages / restarts * 8 / 10)));
        child.signal(signal);
        let ended = child.stopped();
        longest = longest.max(ended.took);
        match signal {
            SIGTERM => drop(ended.exited(0)),
            _ => drop(ended.killed_by(signal)),
        }
        let back = broker.given_back(&queue);
        assert!(broker != Broker::List || signal == SIGKILL || back == 0, "{back} are still in hand");
        given_back += back;
    }
    let child = ready(broker.service(&queue, concurrency, prefetch));
    let all = i64::try_from(messages).unwrap();
    wait_until("each message is handled", || handled(&queue).0 == all);
    child.stop().exited(0);
    let (distinct, twice) = handled(&queue);
    let again = given_back + broker.given_again(&queue, messages);
    println!(
        "{broker:?}, {messages} messages, concurrency {concurrency}, {restarts} restarts by signal {signal}: \
         lost {}, twice {twice}, given out again {again}, the longest stop {longest:?}",
        all - distinct
    );
    assert_eq!(broker.given_back(&queue), 0, "not acknowledged");
    if signal == SIGTERM {
        assert_eq!(twice, 0, "handled twice");
        assert!(again <= i64::try_from(restarts).unwrap() * i64::from(prefetch), "given out again: {again}");
    }
}

macro_rules! restarts {
    ($($name:ident: $broker:ident, $signal:ident, $concurrency:literal;)+) => {$(
        #[test]
        fn $name() {
            restarted(Broker::$broker, $signal, $concurrency);
        }
    )+};
}

restarts! {
    rabbitmq_stopped_handles_each_message_once: Rabbit, SIGTERM, 16;
    rabbitmq_stopped_handles_each_message_once_one_by_one: Rabbit, SIGTERM, 1;
    rabbitmq_killed_loses_no_message: Rabbit, SIGKILL, 16;
    jetstream_stopped_handles_each_message_once: JetStream, SIGTERM, 16;
    jetstream_stopped_handles_each_message_once_one_by_one: JetStream, SIGTERM, 1;
    jetstream_killed_loses_no_message: JetStream, SIGKILL, 16;
    redis_stream_stopped_handles_each_entry_once: Stream, SIGTERM, 16;
    redis_stream_stopped_handles_each_entry_once_one_by_one: Stream, SIGTERM, 1;
    redis_stream_killed_loses_no_entry: Stream, SIGKILL, 16;
    redis_list_stopped_handles_each_element_once: List, SIGTERM, 16;
    redis_list_stopped_handles_each_element_once_one_by_one: List, SIGTERM, 1;
    redis_list_killed_loses_no_element: List, SIGKILL, 16;
}
