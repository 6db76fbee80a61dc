//! The handles of client libraries, by their features.
#![allow(dead_code)]

use std::{fs::File, sync::Arc};

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

#[lifecycle::resource(no_teardown = "corpus")]
struct Locks {
    leak_log: Arc<parking_lot::Mutex<Option<std::io::BufWriter<File>>>>,
    leak_shared: parking_lot::RwLock<std::collections::HashMap<u8, std::io::BufWriter<File>>>,
    leak_fair: parking_lot::FairMutex<File>,
    leak_again: parking_lot::ReentrantMutex<File>,
    leak_pool: arc_swap::ArcSwap<sqlx::Pool<Db>>,
    leak_task: arc_swap::ArcSwapOption<std::thread::JoinHandle<()>>,
    leak_lazy: once_cell::sync::Lazy<Result<sqlx::Pool<Db>, String>>,
    leak_once: once_cell::sync::OnceCell<(String, sqlx::Pool<Db>)>,
    count: parking_lot::Mutex<u64>,
    settings: arc_swap::ArcSwap<Vec<String>>,
    memory: parking_lot::Mutex<std::io::BufWriter<Vec<u8>>>,
    rows: parking_lot::Mutex<csv::Writer<Vec<u8>>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Channels {
    leak_flume: flume::Sender<u8>,
    leak_crossbeam: Arc<std::sync::Mutex<Option<crossbeam_channel::Sender<u8>>>>,
    leak_tasks: tokio_util::task::TaskTracker,
    receiver: flume::Receiver<u8>,
    other: crossbeam_channel::Receiver<u8>,
    token: tokio_util::sync::CancellationToken,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Files {
    leak_rows: std::sync::Mutex<csv::Writer<File>>,
    leak_plain: csv::Writer<File>,
    leak_folder: tempfile::TempDir,
    leak_file: Option<tempfile::NamedTempFile>,
    leak_path: tempfile::TempPath,
    leak_listener: lifecycle::net::SocketListener,
}

fn main() {}
