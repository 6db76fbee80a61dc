//! Messages over MQTT, counted by a subscriber at Mosquitto.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use libc::SIGTERM;
use lifecycle_clients_tests::Mosquitto;
use lifecycle_process_tests::{Child, Program, program};
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

const MESSAGES: usize = 300;
const GRACE: Duration = Duration::from_secs(6);
/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A subscriber to everything. The broker ends with the test.
struct Subscriber {
    messages: Receiver<(String, String)>,
    client: Client,
}

impl Subscriber {
    fn start(broker: &Mosquitto) -> Subscriber {
        let mut options = MqttOptions::new("subscriber", "127.0.0.1", broker.port());
        options.set_inflight(u16::MAX);
        let (client, mut connection) = Client::new(options, 10);
        client.subscribe("#", QoS::ExactlyOnce).expect("room in the queue");
        let (sender, messages) = channel();
        let (subscribed, is_subscribed) = channel();
        std::thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        let text = String::from_utf8_lossy(&publish.payload).into_owned();
                        let _ = sender.send((publish.topic, text));
                    }
                    Ok(Event::Incoming(Packet::SubAck(_))) => drop(subscribed.send(())),
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        });
        is_subscribed.recv_timeout(PATIENCE).expect("an answer of the broker");
        Subscriber { messages, client }
    }

    /// Returns how many orders have arrived, each once and in order, and whether the last will has.
    #[track_caller]
    fn received(&self) -> (usize, bool) {
        // The broker works in order, so nothing comes after this message.
        self.client.publish("end", QoS::ExactlyOnce, false, "").expect("room in the queue");
        let (mut orders, mut will) = (Vec::new(), false);
        loop {
            let (topic, text) = self.messages.recv_timeout(PATIENCE).expect("a message");
            match topic.as_str() {
                "orders" => orders.push(text.parse::<usize>().expect("a number")),
                "will" => will = true,
                _ => break,
            }
        }
        assert!(orders.iter().copied().eq(0..orders.len()), "{orders:?}");
        (orders.len(), will)
    }
}

/// Configures the service with this scenario.
fn service(scenario: &str, broker: &Mosquitto, qos: u8, count: usize) -> Program {
    let program = program!("rumqttc", scenario).grace("6s").env("PORT", broker.port().to_string());
    program.env("QOS", qos.to_string()).env("COUNT", count.to_string())
}

#[track_caller]
fn ready(program: Program) -> Child {
    let mut child = program.start();
    child.wait_for("ready");
    child
}

#[test]
fn messages_are_lost_without_a_teardown_and_the_will_is_published() {
    for protocol in ["v4", "v5"] {
        for qos in [0, 1, 2] {
            let broker = Mosquitto::start();
            let subscriber = Subscriber::start(&broker);
            let mut child = ready(service(&format!("{protocol}/leaky"), &broker, qos, MESSAGES));
            child.signal(SIGTERM);
            child.stopped().exited(0).said(&["ledger closed"]);
            let (orders, will) = subscriber.received();
            assert!(orders < MESSAGES, "{protocol}, QoS {qos}: {orders}");
            assert!(will, "{protocol}, QoS {qos}");
        }
    }
}

/// The broker has acknowledged or read each message (R22).
#[test]
fn r22_messages_are_delivered_and_the_will_is_not_published() {
    for protocol in ["v4", "v5"] {
        for qos in [0, 1, 2] {
            let broker = Mosquitto::start();
            let subscriber = Subscriber::start(&broker);
            let mut child = ready(service(protocol, &broker, qos, MESSAGES));
            child.signal(SIGTERM);
            let ended = child.stopped();
            ended.exited(0).said(&["ledger closed"]).reported(&["Events", "ok"]).within(GRACE);
            assert_eq!(subscriber.received(), (MESSAGES, false), "{protocol}, QoS {qos}: {ended:?}");
        }
    }
}

#[test]
fn a_frozen_or_killed_broker_leaves_a_counted_loss() {
    for protocol in ["v4", "v5"] {
        for qos in [0, 1, 2] {
            for killed in [false, true] {
                let broker = Mosquitto::start();
                let mut child = ready(service(protocol, &broker, qos, MESSAGES));
                broker.freeze();
                child.signal(SIGTERM);
                child.wait_for("stopping");
                if killed {
                    broker.kill();
                }
                let ended = child.stopped();
                ended.exited(70).said(&["ledger closed"]).within(GRACE);
                // `rumqttc` does not know which messages of QoS 0 have arrived.
                let fault = match qos {
                    0 => "not have the last messages of QoS 0",
                    _ => "the broker has not acknowledged 300 messages",
                };
                ended.reported(&["Events", fault]);
            }
        }
    }
}

/// The stop finds an idle connection. A will that is published then is a false alarm.
#[test]
fn an_idle_client_disconnects() {
    for protocol in ["v4", "v5"] {
        let broker = Mosquitto::start();
        let subscriber = Subscriber::start(&broker);
        let mut child = ready(service(protocol, &broker, 1, 0));
        child.signal(SIGTERM);
        child.stopped().exited(0).reported(&["Events", "ok"]);
        assert_eq!(subscriber.received(), (0, false), "{protocol}");
    }
}

/// R22: an acknowledgement of MQTT 5 may be a refusal. Mosquitto 2.0 ends the connection after its first one.
#[test]
fn r22_a_message_that_the_broker_refuses_is_a_counted_loss() {
    for qos in [1, 2] {
        let broker = Mosquitto::refusing();
        let mut child = ready(service("v5", &broker, qos, 1));
        child.signal(SIGTERM);
        let ended = child.stopped();
        ended.exited(70).within(GRACE).reported(&["Events", "the broker refused 1 message"]);
    }
}
