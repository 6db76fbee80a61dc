//! What the lint says to write about the handles of client libraries compiles as it says it.
#![deny(deprecated)]
#![allow(dead_code)]

use std::{collections::HashMap, fs::File, sync::Arc};

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

#[lifecycle::resource]
struct Locks {
    #[teardown]
    log: Arc<parking_lot::Mutex<Option<std::io::BufWriter<File>>>>,
    #[teardown]
    buffer: parking_lot::Mutex<std::io::BufWriter<File>>,
    #[teardown]
    by_name: parking_lot::Mutex<HashMap<u8, tokio::task::JoinHandle<()>>>,
    #[teardown]
    shared: std::sync::Mutex<HashMap<u8, std::io::BufWriter<File>>>,
    #[teardown]
    fair: parking_lot::FairMutex<File>,
    #[teardown]
    again: std::sync::Mutex<File>,
    #[teardown]
    pool: arc_swap::ArcSwap<sqlx::Pool<Any>>,
    #[teardown]
    optional: arc_swap::ArcSwapOption<sqlx::Pool<Any>>,
    #[teardown]
    task: arc_swap::ArcSwapAny<Option<Arc<lifecycle::Slot<std::thread::JoinHandle<()>>>>>,
    #[teardown]
    lazy: once_cell::sync::Lazy<Result<sqlx::Pool<Any>, String>>,
    #[teardown]
    once: once_cell::sync::OnceCell<sqlx::Pool<Any>>,
}

#[lifecycle::resource]
struct Channels {
    #[teardown]
    flume: lifecycle::Slot<flume::Sender<u8>>,
    #[teardown]
    crossbeam: Arc<std::sync::Mutex<Option<crossbeam_channel::Sender<u8>>>>,
    #[teardown]
    tasks: tokio_util::task::TaskTracker,
}

#[lifecycle::resource]
struct Files {
    #[teardown]
    rows: std::sync::Mutex<csv::Writer<File>>,
    #[teardown]
    folder: lifecycle::Slot<tempfile::TempDir>,
    #[teardown]
    file: Option<lifecycle::Slot<tempfile::NamedTempFile>>,
    #[teardown]
    path: lifecycle::Slot<tempfile::TempPath>,
    #[teardown]
    listener: lifecycle::Slot<lifecycle::net::SocketListener>,
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
