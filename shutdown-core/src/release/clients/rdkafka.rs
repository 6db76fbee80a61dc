//! Producers and consumers of `rdkafka`: `FutureProducer`, `ThreadedProducer`, `BaseProducer`, `StreamConsumer`,
//! `BaseConsumer`. Needs the feature `rdkafka`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `FutureProducer`, `ThreadedProducer`, `BaseProducer` | the messages that are still in its queue | flushes it | the broker, to the sender of each message |
//! | `StreamConsumer`, `BaseConsumer` | the offsets that are stored and not committed; its partitions stand still for the session time-out (45 s) | commits the stored offsets and leaves the group | the broker |
//!
//! Run against Tansu 0.6, a broker that speaks the Kafka protocol.
//!
//! **Producers.** The flush may take the time that the teardown has left. It also sends the messages that wait for
//! `linger.ms`, which the `flush` of `rdkafka` may leave in the queue. The teardown fails if messages are still in the
//! queue after it, or if no broker answers. It names their number. They stay in the queue, so they may still arrive until
//! the process exits.
//!
//! The broker answers for each message, and `rdkafka` gives that answer only to the sender: to the future of a
//! `FutureProducer`, or to the `delivery` of a `ProducerContext`. So a message that the broker refuses leaves the queue
//! like the others. If messages were in the queue when the teardown began, the report says `unconfirmed`. It says `ok` if
//! the queue was empty. So await the future of each message in a tracked task: the drain waits for it.
//!
//! **Consumers.** What is stored is committed if the consumer commits by itself (`enable.auto.commit`), or if the program
//! stores the offsets (`enable.auto.offset.store = false`). Otherwise `rdkafka` has stored the offset of each message that
//! it handed out, handled or not, and the program commits. The teardown fails if the broker does not confirm in time. Then
//! the messages since the last commit are delivered again.
//!
//! The consumer is closed after that, so no task may still wait for its messages. The rebalance callback of its context
//! runs on the thread of the teardown.

mod native;

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, StreamConsumer};
use rdkafka::producer::{
    BaseProducer, FutureProducer, Partitioner, Producer, ProducerContext, ThreadedProducer,
};
use rdkafka::util::AsyncRuntime;

use crate::release::Release;
use crate::release::known::known;
use crate::resource::scope::{TeardownScope, unconfirmed};

known! {
    [C: ClientContext + 'static, R, P: Partitioner] FutureProducer<C, R, P>: "rdkafka::producer::FutureProducer",
    lost: "the messages that are still in its queue",
    does: "flushes it, on a blocking thread, and reports how many messages were not delivered",
    form: "FutureProducer<_>";

    [C: ProducerContext<P>, P: Partitioner] ThreadedProducer<C, P>: "rdkafka::producer::ThreadedProducer",
    lost: "the messages that are still in its queue",
    does: "flushes it, on a blocking thread, and reports how many messages were not delivered",
    form: "ThreadedProducer<_>";

    [C: ProducerContext<P>, P: Partitioner] BaseProducer<C, P>: "rdkafka::producer::BaseProducer",
    lost: "the messages that are still in its queue",
    does: "flushes it, on a blocking thread, and reports how many messages were not delivered",
    form: "BaseProducer<_>";

    [C: ConsumerContext, R] StreamConsumer<C, R>: "rdkafka::consumer::StreamConsumer",
    lost: "the offsets that are not committed, and its partitions stand still until the broker notices",
    does: "commits what is stored and leaves the group, on a blocking thread",
    form: "StreamConsumer<_>";

    [C: ConsumerContext] BaseConsumer<C>: "rdkafka::consumer::BaseConsumer",
    lost: "the offsets that are not committed, and its partitions stand still until the broker notices",
    does: "commits what is stored and leaves the group, on a blocking thread",
    form: "BaseConsumer<_>";
}

/// How many other events there may be in the queue of a producer at most, when its messages are counted.
const EVENTS: usize = 16;
/// How long a producer flushes without a look at its events.
const FLUSH_INTERVAL: Duration = Duration::from_millis(10);
/// How long a producer serves its events without a flush.
const SERVE_INTERVAL: Duration = Duration::from_millis(5);
/// How long a consumer waits for its next event, because it sends no notice that it is closed.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

macro_rules! producer {
    ($([$($param:tt)+] $ty:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<List: 'static, $($param)+> Release<List> for $ty {
            const BLOCKING: bool = true;
            // Its drop purges the queue.
            const KEPT_AFTER_FAILURE: bool = true;

            async fn release(&self) -> Result<(), String> {
                flush(self, until(), |time| self.poll(time))
            }
        }
    )+};
}

producer! {
    [C: ClientContext + 'static, R: AsyncRuntime + Send + Sync + 'static] FutureProducer<C, R>;
    [C: ProducerContext<P> + 'static, P: Partitioner + Send + Sync + 'static] ThreadedProducer<C, P>;
    [C: ProducerContext<P> + 'static, P: Partitioner + Send + Sync + 'static] BaseProducer<C, P>;
}

#[diagnostic::do_not_recommend]
impl<List: 'static, C: ConsumerContext + 'static, R: Send + Sync + 'static> Release<List>
    for StreamConsumer<C, R>
{
    const BLOCKING: bool = true;
    // Its drop waits for the broker without a limit.
    const KEPT_AFTER_FAILURE: bool = true;

    async fn release(&self) -> Result<(), String> {
        // The consumer has no `poll`: receiving is what serves its events.
        leave(self, until(), || match self.recv().now_or_never() {
            Some(_) => {}
            None => std::thread::sleep(POLL_INTERVAL),
        })
    }
}

#[diagnostic::do_not_recommend]
impl<List: 'static, C: ConsumerContext + 'static> Release<List> for BaseConsumer<C> {
    const BLOCKING: bool = true;
    // Its drop waits for the broker without a limit.
    const KEPT_AFTER_FAILURE: bool = true;

    async fn release(&self) -> Result<(), String> {
        leave(self, until(), || drop(self.poll(POLL_INTERVAL)))
    }
}

/// Returns the instant at which a teardown stops waiting. `None` means no limit.
fn until() -> Option<Instant> {
    TeardownScope::current().time_for_release().map(|limit| Instant::now() + limit)
}

fn left(until: Option<Instant>) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(Instant::now()))
}

/// Flushes a producer, and says what is known about its messages. `serve` handles its events for some time.
fn flush<C, P>(
    producer: &impl Producer<C, P>,
    until: Option<Instant>,
    serve: impl Fn(Duration),
) -> Result<(), String>
where
    C: ProducerContext<P>,
    P: Partitioner,
{
    // The count has other events in it, such as a connection that was refused. They are few, and soon served.
    let outstanding = || {
        let counts = (0..EVENTS).map(|_| {
            serve(Duration::ZERO);
            producer.in_flight_count()
        });
        messages(counts.min().unwrap_or_default())
    };
    let flush = |time| native::flush(producer.client(), time).map_err(|error| error.to_string());
    if flush(Duration::ZERO)? {
        return Ok(());
    }
    let count = outstanding();
    // The messages stay in the queue until their reports are served.
    while !flush(FLUSH_INTERVAL)? {
        serve(SERVE_INTERVAL);
        if until.is_some_and(|until| Instant::now() >= until) {
            return Err(format!("{} not delivered: the broker did not confirm in time", outstanding()));
        }
    }
    if let Some((_, reason)) = producer.client().fatal_error() {
        return Err(format!("the last {count} perhaps not delivered: {reason}"));
    }
    // A message leaves the queue as well when its time (`message.timeout.ms`) is over. So the broker is asked for a sign
    // of life. It answers in the order of the requests.
    if let Err(error) = producer.client().fetch_metadata(None, left(until)) {
        return Err(format!("the last {count} perhaps not delivered, because no broker answers: {error}"));
    }
    unconfirmed(format!(
        "the last {count} sent, and only their senders know whether the broker refused some"
    ));
    Ok(())
}

/// Says how many messages there were.
fn messages(count: i32) -> String {
    match count {
        1 => "1 message was".to_owned(),
        count => format!("{count} messages were"),
    }
}

/// Commits what is stored, and closes the consumer. `serve` handles its next event.
fn leave<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    until: Option<Instant>,
    serve: impl Fn(),
) -> Result<(), String> {
    let client = consumer.client();
    if native::is_closed(client) || consumer.group_metadata().is_none() {
        return Ok(());
    }
    let committed = match native::stores_what_is_done(client) {
        true => native::commit_stored(client, left(until)),
        false => Ok(()),
    };
    // No message is handed out any more. `rdkafka` would store its offset, and commit it when it leaves the group.
    let paused = consumer.assignment().and_then(|assigned| consumer.pause(&assigned));
    committed.map_err(|error| format!("the last offsets were not committed: {error}"))?;
    paused.map_err(|error| error.to_string())?;
    native::close(client)?;
    while !native::is_closed(client) {
        if until.is_some_and(|until| Instant::now() >= until) {
            return Err(
                "the broker did not confirm in time that the consumer left its group, so its partitions wait for \
                 the session time-out"
                    .to_owned(),
            );
        }
        serve();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseRecord, FutureRecord};
    use rdkafka::types::RDKafkaRespErr;

    use super::*;

    /// The time of one release, and of one request of a test.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Makes a client of this broker.
    fn config(brokers: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        config
    }

    /// Returns the address of a broker that is gone.
    fn gone() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(300)
    }

    fn flushed(producer: &BaseProducer, until: Option<Instant>) -> Result<(), String> {
        flush(producer, until, |time| producer.poll(time))
    }

    fn send(producer: &BaseProducer, count: i32) {
        for _ in 0..count {
            producer.send(BaseRecord::<(), str>::to("orders").payload("order")).unwrap();
        }
    }

    #[test]
    fn a_producer_with_an_empty_queue_needs_no_broker() {
        let producer: BaseProducer = config(&gone()).create().unwrap();
        assert_eq!(flushed(&producer, Some(soon())), Ok(()));
    }

    /// R22.
    #[test]
    fn messages_that_stay_in_the_queue_are_counted() {
        for (count, counted) in
            [(1, "1 message was not delivered"), (5_000, "5000 messages were not delivered")]
        {
            let producer: BaseProducer = config(&gone()).create().unwrap();
            send(&producer, count);
            let error = flushed(&producer, Some(soon())).unwrap_err();
            assert!(error.starts_with(counted), "{error}");
            assert!(producer.in_flight_count() >= count, "they are still in the queue");
        }
    }

    /// R22: the queue is empty after the flush, and nothing was delivered.
    #[test]
    fn messages_that_ran_out_of_time_are_not_delivered() {
        let producer: FutureProducer = config(&gone()).set("message.timeout.ms", "50").create().unwrap();
        for _ in 0..3 {
            drop(producer.send_result(FutureRecord::<(), str>::to("orders").payload("order")).unwrap());
        }
        let until = Some(Instant::now() + Duration::from_secs(3));
        let error = flush(&producer, until, |time| producer.poll(time)).unwrap_err();
        assert!(error.starts_with("the last 3 messages were perhaps not delivered"), "{error}");
    }

    /// The `flush` of `rdkafka` leaves them in the queue.
    #[test]
    fn messages_that_linger_are_sent() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("orders", 1, 1).unwrap();
        let mut config = config(&cluster.bootstrap_servers());
        let producer: BaseProducer = config.set("linger.ms", "60000").create().unwrap();
        producer.client().fetch_metadata(Some("orders"), PATIENCE).unwrap();
        send(&producer, 5_000);
        assert_eq!(flushed(&producer, Some(Instant::now() + PATIENCE)), Ok(()));
        assert_eq!(producer.in_flight_count(), 0);
    }

    #[test]
    fn a_broker_that_answers_takes_the_messages() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("orders", 1, 1).unwrap();
        let producer: BaseProducer = config(&cluster.bootstrap_servers()).create().unwrap();
        send(&producer, 10);
        assert_eq!(flushed(&producer, Some(Instant::now() + PATIENCE)), Ok(()));
        assert_eq!(producer.in_flight_count(), 0);
    }

    /// The messages leave the queue, so nothing but the doubt is left.
    #[test]
    fn messages_that_the_broker_refuses_are_in_doubt() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("orders", 1, 1).unwrap();
        let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        cluster.request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refusal; 10]);
        let producer: BaseProducer = config(&cluster.bootstrap_servers()).create().unwrap();
        send(&producer, 1);
        assert_eq!(flushed(&producer, Some(Instant::now() + PATIENCE)), Ok(()));
    }

    #[test]
    fn what_is_stored_is_committed_unless_the_program_commits() {
        let stores = |settings: &[(&str, &str)]| {
            let mut config = config(&gone());
            config.set("group.id", "shop");
            for (name, value) in settings {
                config.set(*name, *value);
            }
            native::stores_what_is_done(config.create::<BaseConsumer>().unwrap().client())
        };
        assert!(stores(&[]), "the defaults");
        assert!(stores(&[("enable.auto.commit", "false"), ("enable.auto.offset.store", "false")]));
        assert!(stores(&[("enable.auto.offset.store", "false")]));
        assert!(!stores(&[("enable.auto.commit", "false")]), "stored means received, not handled");
    }

    #[test]
    fn a_consumer_outside_of_a_group_has_nothing_to_leave() {
        let consumer: BaseConsumer = config(&gone()).create().unwrap();
        assert_eq!(leave(&consumer, Some(soon()), || panic!("there are no events")), Ok(()));
    }

    #[test]
    fn a_consumer_that_never_joined_leaves_at_once_and_once() {
        let consumer: BaseConsumer = config(&gone()).set("group.id", "shop").create().unwrap();
        let serve = || drop(consumer.poll(POLL_INTERVAL));
        assert_eq!(leave(&consumer, Some(Instant::now() + PATIENCE), serve), Ok(()));
        assert!(consumer.closed());
        assert_eq!(leave(&consumer, Some(soon()), || panic!("it is closed")), Ok(()));
    }
}
