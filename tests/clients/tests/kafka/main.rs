//! Services that receive messages from Kafka. The tests count lost and repeated messages in a file that the services
//! write, and offsets at the broker.

mod at_once;
mod conformance;
mod faults;
mod ledger;
mod rebalances;
mod restarts;
mod verdicts;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libc::SIGTERM;
use lifecycle_clients_tests::Tansu;
use lifecycle_process_tests::{Child, Ended, Program, program};
use lifecycle_services_tests::wait_until;

use ledger::Ledger;

/// Declares the tests. They run at once.
macro_rules! claims {
    ($($module:ident::$claim:ident;)+) => {
        static CLAIMS: &[(&str, fn())] = &[$((stringify!($claim), $module::$claim)),+];
        $(
            #[test]
            fn $claim() {
                at_once::outcome(stringify!($claim));
            }
        )+
    };
}

// The longest are first.
claims! {
    restarts::restarts_under_load_handle_each_message_once;
    restarts::a_killed_service_loses_nothing_and_repeats_messages;
    restarts::a_stopped_member_leaves_its_group;
    rebalances::an_eager_rebalance_handles_each_message_once;
    rebalances::a_cooperative_rebalance_handles_each_message_once;
    rebalances::a_late_acknowledgement_is_reported;
    rebalances::several_messages_of_a_partition_at_once_are_handled_once;
    conformance::one_message_of_a_partition_at_once_conforms;
    conformance::several_messages_of_a_partition_at_once_conform;
    faults::a_frozen_broker_is_named;
    faults::a_killed_broker_is_named;
    faults::messages_before_a_message_that_was_cut_off_are_committed;
    faults::a_broker_that_is_gone_for_a_moment_ends_no_consumer;
    verdicts::a_requeued_message_is_handled_before_later_ones;
    verdicts::a_rejected_message_is_in_the_topic_for_dead_letters;
    verdicts::a_rejected_message_without_that_topic_is_acknowledged;
}

/// Short, because Tansu waits for half of it before it completes a rebalance.
const SESSION_TIMEOUT: Duration = Duration::from_secs(4);
/// How often a member asks whether a rebalance has begun. The default is 3 s.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(200);

/// One topic, one group, and the ledger of its services.
struct Scenario {
    broker: &'static Tansu,
    topic: String,
    ledger: Ledger,
    settings: Vec<(&'static str, String)>,
    config: String,
}

impl Scenario {
    fn new(name: &str, partitions: i32) -> Scenario {
        Scenario::at(Tansu::shared(), name, partitions)
    }

    /// Configures services that use this broker.
    fn at(broker: &'static Tansu, name: &str, partitions: i32) -> Scenario {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let topic = format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        broker.create(&topic, partitions);
        let ledger = Ledger::new(&topic);
        let scenario = Scenario { broker, topic, ledger, settings: Vec::new(), config: String::new() };
        let scenario = scenario.with("HANDLER", "insert").with("MICROSECONDS", "0").with("CONCURRENCY", "8");
        let scenario = scenario.with("PER_PARTITION", "1").with("REBALANCE_WAIT", "10000");
        let scenario = scenario.client("session.timeout.ms", &SESSION_TIMEOUT.as_millis().to_string());
        // Tansu answers a fetch after this time, also if it has messages. The default is 500 ms.
        let scenario = scenario.client("fetch.wait.max.ms", "100");
        scenario.client("heartbeat.interval.ms", &HEARTBEAT_INTERVAL.as_millis().to_string())
    }

    /// Sets a variable of the services.
    fn with(mut self, name: &'static str, value: &str) -> Scenario {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    /// Adds a setting of the client, which replaces an earlier one.
    fn client(mut self, name: &str, value: &str) -> Scenario {
        self.config = format!("{},{name}={value}", self.config);
        self
    }

    /// Adds messages with the numbers from 0, to the partitions in turn.
    fn fill(&self, messages: u64) {
        let partitions = u64::try_from(self.broker.partitions(&self.topic).len()).unwrap();
        let partition = |number: u64| i32::try_from(number % partitions).unwrap();
        self.broker.produce(&self.topic, (0..messages).map(|number| (partition(number), number.to_string())));
    }

    fn program(&self) -> Program {
        let program =
            program!("kafka", "").env("BOOTSTRAP", self.broker.bootstrap()).env("TOPIC", &self.topic);
        let program = program.env("GROUP", &self.topic).env("LEDGER", self.ledger.path());
        let program = program.env("CONFIG", &self.config);
        self.settings.iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    #[track_caller]
    fn start(&self) -> Child {
        let mut child = self.program().start();
        child.wait_for("ready");
        child
    }

    /// Waits until each message is handled, and checks that the broker has all offsets after the services have stopped.
    #[track_caller]
    fn finish(&self, messages: u64, children: impl IntoIterator<Item = Child>) {
        let mut handled = self.ledger.handled();
        while handled < messages {
            wait_until("another message is handled", || self.ledger.handled() > handled);
            handled = self.ledger.handled();
        }
        children.into_iter().for_each(|child| drop(stopped(child)));
        assert_eq!(self.committed(), i64::try_from(messages).unwrap(), "each message is committed");
    }

    /// Returns the sum of the committed offsets.
    fn committed(&self) -> i64 {
        self.broker.committed(&self.topic, &self.topic).into_values().sum()
    }
}

/// Stops the service, and checks for status 0.
#[track_caller]
fn stopped(mut child: Child) -> Ended {
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(0);
    ended
}
