//! A service that publishes to an MQTT broker, with and without a teardown, over MQTT 3.1.1 and MQTT 5.

use lifecycle::{Managed, Teardown};
use tokio::sync::Mutex;

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[lifecycle::resource]
struct Ledger;

#[lifecycle::teardown]
impl Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    lifecycle::manage(Ledger);
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "v4" => v4::run(false).await,
        "v4/leaky" => v4::run(true).await,
        "v5" => v5::run(false).await,
        "v5/leaky" => v5::run(true).await,
        other => Err(format!("no scenario `{other}`").into()),
    }
}

fn number(name: &str) -> Result<u16, Error> {
    Ok(std::env::var(name)?.parse()?)
}

macro_rules! protocol {
    ($module:ident, [$($path:tt)+], [$($qos:tt)+], |$options:ident| $configure:expr) => {
        mod $module {
            use super::*;
            use $($path)+::{AsyncClient, EventLoop, MqttOptions};
            use $($qos)+::QoS;

            #[lifecycle::resource(timeout = "3s")]
            struct Events {
                #[teardown(skip = "its event loop disconnects")]
                client: AsyncClient,
                #[teardown]
                event_loop: Mutex<EventLoop>,
            }

            #[lifecycle::resource(no_teardown = "the test counts what is lost without one")]
            struct Leaky {
                #[teardown(skip = "the test counts what is lost without it")]
                event_loop: Mutex<EventLoop>,
            }

            pub(super) async fn run(leaky: bool) -> Result<(), Error> {
                let mut $options = MqttOptions::new("service", "127.0.0.1", number("PORT")?);
                $configure;
                let count = number("COUNT")?;
                let (client, mut event_loop) = AsyncClient::new($options, usize::from(count) + 1);
                // The first event is the answer of the broker.
                event_loop.poll().await?;
                let event_loop = Mutex::new(event_loop);
                let client = if leaky {
                    let leaky = lifecycle::manage(Leaky { event_loop });
                    lifecycle::spawn(poll(leaky, |leaky| &leaky.event_loop));
                    client
                } else {
                    let events = lifecycle::manage(Events { client, event_loop });
                    lifecycle::spawn(poll(events.clone(), |events| &events.event_loop));
                    events.client.clone()
                };
                lifecycle::ready();
                println!("ready");
                lifecycle::stopping().await;
                println!("stopping");
                let qos = match number("QOS")? {
                    0 => QoS::AtMostOnce,
                    1 => QoS::AtLeastOnce,
                    _ => QoS::ExactlyOnce,
                };
                for number in 0..count {
                    client.publish("orders", qos, false, number.to_string()).await?;
                }
                Ok(())
            }

            /// Polls the event loop until the stop.
            async fn poll<T: lifecycle::Resource>(resource: Managed<T>, of: fn(&T) -> &Mutex<EventLoop>) {
                let mut event_loop = of(&resource).lock().await;
                loop {
                    tokio::select! {
                        event = event_loop.poll() => drop(event),
                        () = lifecycle::stopping() => return,
                    }
                }
            }
        }
    };
}

protocol!(v4, [rumqttc], [rumqttc], |options| {
    // Mosquitto drops a client with more messages of QoS 2 in flight. Over MQTT 5, it tells the client this limit.
    options.set_inflight(20);
    options.set_last_will(rumqttc::LastWill::new("will", "the service is gone", QoS::AtLeastOnce, false));
});
protocol!(v5, [rumqttc::v5], [rumqttc::v5::mqttbytes], |options| {
    use rumqttc::v5::mqttbytes::v5::LastWill;
    options.set_last_will(LastWill::new("will", "the service is gone", QoS::AtLeastOnce, false, None));
});
