//! What the lint says to write about the clients of brokers and servers compiles as it says it.

use std::sync::Arc;

use lifecycle::{Slot, Teardown};
use quinn::{Endpoint, SendStream};
use rdkafka::consumer::{BaseConsumer, StreamConsumer};
use rdkafka::producer::{BaseProducer, DefaultProducerContext, FutureProducer, ThreadedProducer};
use sentry::ClientInitGuard;

#[lifecycle::resource]
struct Kafka {
    #[teardown]
    future: FutureProducer,
    #[teardown]
    threaded: Arc<ThreadedProducer<DefaultProducerContext>>,
    #[teardown]
    base: Option<BaseProducer>,
    #[teardown]
    stream: Arc<StreamConsumer>,
    #[teardown]
    consumer: BaseConsumer,
}

#[lifecycle::resource]
struct Mqtt {
    #[teardown(skip = "its event loop disconnects")]
    client: rumqttc::AsyncClient,
    #[teardown]
    event_loop: tokio::sync::Mutex<rumqttc::EventLoop>,
    #[teardown]
    by_value: Slot<rumqttc::EventLoop>,
    #[teardown]
    new: tokio::sync::Mutex<rumqttc::v5::EventLoop>,
}

#[lifecycle::resource]
struct Redis {
    #[teardown]
    client: fred::clients::Client,
    #[teardown]
    pool: Arc<fred::clients::Pool>,
}

#[lifecycle::resource]
struct Quic {
    #[teardown]
    stream: Slot<SendStream>,
    #[teardown]
    shared: tokio::sync::Mutex<SendStream>,
    #[teardown(skip = "its endpoint closes it")]
    connection: quinn::Connection,
    #[teardown]
    endpoint: Endpoint,
}

#[lifecycle::resource(last)]
struct Telemetry {
    #[teardown]
    guard: Slot<ClientInitGuard>,
}

/// What has no one right way.
#[lifecycle::resource]
struct ByHand {
    pool: fred::clients::ExclusivePool,
}

#[lifecycle::teardown]
impl Teardown for ByHand {
    async fn teardown(&self) -> Result<(), fred::error::Error> {
        self.pool.quit().await
    }
}

fn main() {}
