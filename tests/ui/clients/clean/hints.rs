//! What the lint says to write about the handles of client libraries compiles as it says it.
#![allow(dead_code)]

use std::sync::Arc;

use async_nats::Subscriber;
use lifecycle::{Slot, Teardown};
use opentelemetry_sdk::{logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use redis::aio::{ConnectionManager, MultiplexedConnection, PubSub};
use sqlx::{Any, pool::PoolConnection};
use tracing_appender::non_blocking::WorkerGuard;

#[lifecycle::resource]
struct Bare {
    #[teardown]
    pool: sqlx::Pool<Any>,
    #[teardown]
    pools: Vec<Arc<sqlx::AnyPool>>,
    #[teardown]
    connection: lifecycle::Slot<PoolConnection<Any>>,
    #[teardown]
    kv: lifecycle::Slot<MultiplexedConnection>,
    #[teardown]
    manager: lifecycle::Slot<ConnectionManager>,
    #[teardown]
    pubsub: lifecycle::Slot<PubSub>,
    #[teardown]
    channel: lapin::Channel,
    #[teardown]
    broker: Arc<lapin::Connection>,
    #[teardown]
    nats: async_nats::Client,
    #[teardown]
    subscriber: tokio::sync::Mutex<Subscriber>,
}

#[lifecycle::resource(last)]
struct Telemetry {
    #[teardown]
    traces: SdkTracerProvider,
    #[teardown]
    metrics: SdkMeterProvider,
    #[teardown]
    logs: Option<SdkLoggerProvider>,
    #[teardown]
    guard: lifecycle::Slot<WorkerGuard>,
}

/// What has no one right way.
#[lifecycle::resource]
struct ByHand {
    transaction: Slot<sqlx::Transaction<'static, Any>>,
    channel: lapin::Channel,
    consumer: lapin::Consumer,
}

#[lifecycle::teardown]
impl Teardown for ByHand {
    async fn teardown(&self) -> Result<(), Box<dyn std::error::Error>> {
        if let Some(transaction) = self.transaction.take() {
            transaction.commit().await?;
        }
        let options = lapin::options::BasicCancelOptions::default();
        Ok(self.channel.basic_cancel(self.consumer.tag(), options).await?)
    }
}

fn main() {}
