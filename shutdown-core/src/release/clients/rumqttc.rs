//! Clients of `rumqttc`, for MQTT 3.1.1 and (in `rumqttc::v5`) MQTT 5: `EventLoop`, `AsyncClient`, `Connection`, `Client`.
//! Needs the feature `rumqttc`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `EventLoop` | the messages that are not sent or not acknowledged; the broker publishes the last will | in a `Mutex` of tokio: sends and waits for the acknowledgements, then disconnects | the broker: it acknowledges `QoS` 1 and 2, and ends the connection after it has read the rest |
//! | `Connection` | the same | none: poll it until the broker has ended the connection | |
//! | `AsyncClient`, `Client` | the same, of its event loop | none: its event loop disconnects | |
//!
//! Run against Mosquitto 2.0, over MQTT 3.1.1 and MQTT 5.
//!
//! A client only queues its messages. The event loop sends them, and only while it is polled. So the event loop belongs
//! into the resource, and a tracked task polls it until the stop. The teardown then polls it further:
//!
//! ```
//! use lifecycle::Managed;
//! use rumqttc::{AsyncClient, EventLoop};
//! use tokio::sync::Mutex;
//!
//! #[lifecycle::resource]
//! struct Events {
//!     #[teardown(skip = "its event loop disconnects")]
//!     client: AsyncClient,
//!     #[teardown] // sends what is queued, and disconnects
//!     event_loop: Mutex<EventLoop>,
//! }
//!
//! async fn poll(events: Managed<Events>) {
//!     let mut event_loop = events.event_loop.lock().await;
//!     loop {
//!         tokio::select! {
//!             event = event_loop.poll() => drop(event), // handle it, and wait after an error
//!             () = lifecycle::stopping() => return, // gives the lock back
//!         }
//!     }
//! }
//! # fn main() { let _ = |events: Events| drop(events.client); let _ = poll; }
//! ```
//!
//! The teardown fails if the broker does not acknowledge in time, refuses a message, or if the connection breaks. It names
//! the number of messages. MQTT 3.1.1 has no refusal: such a broker acknowledges a message that it drops. While it polls, it acknowledges no message of a subscription, because nothing would handle it: a broker with
//! a session for this client sends such a message again.

use std::future::Future;
use std::time::Duration;

use rumqttc::Outgoing;
use tokio::time::timeout;

use crate::release::known::known;
use crate::release::owned::{ReleaseMut, owned};
use crate::resource::scope::TeardownScope;

/// An event loop without an event for as long has sent everything that was queued.
const QUIET: Duration = Duration::from_millis(20);

/// An event loop of either protocol.
trait Polled: Send {
    /// Waits for the next event.
    fn next(&mut self) -> impl Future<Output = Result<Next, String>> + Send;
    /// Leaves the messages of subscriptions to the broker.
    fn stop_acknowledging(&mut self);
    /// Returns whether the broker has acknowledged everything that the loop has taken out of its queue.
    fn is_acknowledged(&self) -> bool;
    /// Queues a DISCONNECT in front of everything else.
    fn disconnect(&mut self);
    /// Drops the connection.
    fn give_up(&mut self) -> Lost;
}

/// The numbers of messages that the broker does not have.
struct Lost {
    refused: usize,
    /// Not acknowledged or not sent.
    unacknowledged: usize,
}

/// What an event says about the end of the connection.
enum Next {
    Event,
    /// The broker has acknowledged a message with a reason why it does not take it.
    Refused,
    Disconnected,
    /// The broker has ended the connection, after it has read everything.
    Ended,
}

macro_rules! protocol {
    ($module:ident, [$($path:tt)+], [$name:literal $async_client:literal $connection:literal $client:literal],
        $disconnect:expr, |$event:ident| $refused:expr) => {
        mod $module {
            use super::*;
            use $($path)+::{AsyncClient, Client, Connection, ConnectionError, Event, EventLoop, Request, StateError};

            known! {
                [] EventLoop: $name,
                lost: "the messages that the broker has not acknowledged, and the broker publishes the last will",
                does: "sends what is queued and disconnects",
                form: "tokio::sync::Mutex<EventLoop>";

                [] AsyncClient: $async_client,
                lost: "the messages that its event loop has not sent",
                does: "release its event loop, a `tokio::sync::Mutex<EventLoop>` with `#[teardown]`, and skip the client",
                form: "";

                [] Connection: $connection,
                lost: "the messages that the broker has not acknowledged, and the broker publishes the last will",
                does: "disconnect its client, and iterate over the connection until the broker has ended it",
                form: "";

                [] Client: $client,
                lost: "the messages that its connection has not sent",
                does: "disconnect it, and iterate over its `Connection` until the broker has ended it",
                form: "";
            }

            impl ReleaseMut for EventLoop {
                async fn release_mut(&mut self) -> Result<(), String> {
                    end(self).await
                }
            }

            owned! {
                mut:
                [] EventLoop;
            }

            impl Polled for EventLoop {
                async fn next(&mut self) -> Result<Next, String> {
                    match self.poll().await {
                        Ok(Event::Outgoing(Outgoing::Disconnect)) => Ok(Next::Disconnected),
                        Ok(ref $event) if $refused => Ok(Next::Refused),
                        Ok(_) => Ok(Next::Event),
                        Err(ConnectionError::MqttState(StateError::ConnectionAborted)) => Ok(Next::Ended),
                        Err(error) => Err(error.to_string()),
                    }
                }

                fn stop_acknowledging(&mut self) {
                    self.state.manual_acks = true;
                }

                fn is_acknowledged(&self) -> bool {
                    self.state.inflight() == 0 && self.state.collision.is_none() && self.pending.is_empty()
                }

                fn disconnect(&mut self) {
                    self.pending.push_front($disconnect);
                }

                fn give_up(&mut self) -> Lost {
                    // The acknowledgements that came together with the end of the connection.
                    let refused = self.state.events.drain(..).filter(|$event| $refused).count();
                    let collision = usize::from(self.state.collision.is_some());
                    self.clean();
                    let is_message = |request: &&Request| matches!(request, Request::Publish(_) | Request::PubRel(_));
                    let unacknowledged = self.pending.iter().filter(is_message).count() + collision;
                    Lost { refused, unacknowledged }
                }
            }
        }
    };
}

protocol!(
    v4,
    [rumqttc],
    ["rumqttc::EventLoop" "rumqttc::AsyncClient" "rumqttc::Connection" "rumqttc::Client"],
    Request::Disconnect(rumqttc::Disconnect),
    |_event| false
);
protocol!(
    v5,
    [rumqttc::v5],
    ["rumqttc::v5::EventLoop" "rumqttc::v5::AsyncClient" "rumqttc::v5::Connection" "rumqttc::v5::Client"],
    Request::Disconnect,
    |event| is_refusal(event)
);

fn is_refusal(event: &rumqttc::v5::Event) -> bool {
    use rumqttc::v5::Event;
    use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason, PubRecReason};

    match event {
        Event::Incoming(Packet::PubAck(ack)) => {
            !matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers)
        }
        Event::Incoming(Packet::PubRec(ack)) => {
            !matches!(ack.reason, PubRecReason::Success | PubRecReason::NoMatchingSubscribers)
        }
        _ => false,
    }
}

/// Sends what is queued, waits for the acknowledgements, and disconnects.
async fn end(event_loop: &mut impl Polled) -> Result<(), String> {
    let mut refused = 0_usize;
    let ended = TeardownScope::current().in_time(disconnect(event_loop, &mut refused)).await;
    let ended = ended.unwrap_or_else(|| Err("it did not answer in time".to_owned()));
    let lost = event_loop.give_up();
    refused += lost.refused;
    let mut faults = Vec::new();
    if refused > 0 {
        faults.push(format!("refused {}", messages(refused)));
    }
    if lost.unacknowledged > 0 {
        faults.push(format!("has not acknowledged {}", messages(lost.unacknowledged)));
    }
    if let Err(reason) = ended {
        faults.push(format!("may publish the last will, and not have the last messages of QoS 0: {reason}"));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(format!("the broker {}", faults.join(", "))),
    }
}

fn messages(count: usize) -> String {
    match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}

async fn disconnect(event_loop: &mut impl Polled, refused: &mut usize) -> Result<(), String> {
    event_loop.stop_acknowledging();
    // A DISCONNECT before the last acknowledgement would cut off a message of QoS 2.
    let mut disconnected = loop {
        let next = match event_loop.is_acknowledged() {
            true => match timeout(QUIET, event_loop.next()).await {
                Ok(next) => next?,
                Err(_) => break false,
            },
            false => event_loop.next().await?,
        };
        match next {
            Next::Event => {}
            Next::Refused => *refused += 1,
            // The program has queued it.
            Next::Disconnected => break true,
            Next::Ended => return Err("it has ended the connection".to_owned()),
        }
    };
    if !disconnected {
        event_loop.disconnect();
    }
    // The broker reads in order. So the end of the connection confirms all bytes before it.
    loop {
        match event_loop.next().await? {
            Next::Event => {}
            Next::Refused => *refused += 1,
            Next::Disconnected => disconnected = true,
            Next::Ended if disconnected => return Ok(()),
            Next::Ended => return Err("it has ended the connection".to_owned()),
        }
    }
}
