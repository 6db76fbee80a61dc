//! The handles of client libraries, by their features.
#![allow(dead_code)]

use std::sync::Arc;

use opentelemetry_sdk::{logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use sqlx::pool::PoolConnection;

/// Any database: the features of sqlx are the user's.
type Db = sqlx::Any;

#[lifecycle::resource(no_teardown = "corpus")]
struct Sql {
    pool: sqlx::Pool<Db>,
    pools: Vec<Arc<sqlx::AnyPool>>,
    connection: tokio::sync::Mutex<PoolConnection<Db>>,
    transaction: tokio::sync::Mutex<Option<sqlx::Transaction<'static, Db>>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Redis {
    connection: redis::aio::MultiplexedConnection,
    manager: redis::aio::ConnectionManager,
    pubsub: tokio::sync::Mutex<redis::aio::PubSub>,
    client: redis::Client,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Amqp {
    connection: Arc<lapin::Connection>,
    channel: lapin::Channel,
    consumer: lapin::Consumer,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Nats {
    client: async_nats::Client,
    subscriber: Option<tokio::sync::Mutex<async_nats::Subscriber>>,
    plain: std::sync::Mutex<async_nats::Subscriber>,
}

#[lifecycle::resource(no_teardown = "corpus", last)]
struct Telemetry {
    guard: Option<std::sync::Mutex<tracing_appender::non_blocking::WorkerGuard>>,
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    logs: SdkLoggerProvider,
}

fn main() {}
