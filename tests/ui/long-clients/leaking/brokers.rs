//! Clients of brokers and servers. Each field whose name begins with `leak` needs a release.

use std::sync::Arc;

use lifecycle::Slot;
use rdkafka::consumer::{BaseConsumer, DefaultConsumerContext, StreamConsumer};
use rdkafka::producer::{BaseProducer, DefaultProducerContext, FutureProducer, ThreadedProducer};

#[lifecycle::resource(no_teardown = "corpus")]
struct Kafka {
    leak_future: FutureProducer,
    leak_shared: Arc<ThreadedProducer<DefaultProducerContext>>,
    leak_base: Option<BaseProducer>,
    leak_stream: Arc<StreamConsumer<DefaultConsumerContext>>,
    leak_consumer: std::sync::Mutex<BaseConsumer>,
    config: rdkafka::ClientConfig,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Mqtt {
    leak_loop: tokio::sync::Mutex<rumqttc::EventLoop>,
    leak_client: rumqttc::AsyncClient,
    leak_connection: Slot<rumqttc::Connection>,
    leak_sync: rumqttc::Client,
    leak_new_loop: std::sync::Mutex<rumqttc::v5::EventLoop>,
    leak_new_client: rumqttc::v5::AsyncClient,
    leak_new_connection: Slot<rumqttc::v5::Connection>,
    leak_new_sync: rumqttc::v5::Client,
    options: rumqttc::MqttOptions,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Redis {
    leak_client: fred::clients::Client,
    leak_pool: Option<fred::clients::Pool>,
    leak_exclusive: fred::clients::ExclusivePool,
    config: fred::types::config::Config,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Quic {
    leak_endpoint: quinn::Endpoint,
    leak_connections: tokio::sync::Mutex<Vec<quinn::Connection>>,
    leak_stream: tokio::sync::Mutex<quinn::SendStream>,
}

#[lifecycle::resource(no_teardown = "corpus", last)]
struct Telemetry {
    leak_guard: sentry::ClientInitGuard,
}

fn main() {}
