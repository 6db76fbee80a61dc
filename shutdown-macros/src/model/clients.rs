//! The client libraries whose handles are known by name, for the lint `unknown_client`.
//!
//! A name only raises the question. The compiler answers it: a type that a feature knows is never warned of, under any
//! name. A test compares the table with `shutdown-core/Cargo.toml` and `shutdown-core/src/release/clients`.

/// One client library.
pub(crate) struct Client {
    /// The crate, and other crates that re-export its types, as a path names them.
    pub(crate) crates: &'static [&'static str],
    /// Types that only this library has. Such a name needs no path.
    pub(crate) own: &'static [&'static str],
    /// Types whose names are common. Such a name counts only after the name of the crate.
    pub(crate) common: &'static [&'static str],
    /// The modules of the crate that stand before a type of `own` after `use krate::module`.
    pub(crate) modules: &'static [&'static str],
    /// The modules of the crate that have other types of the same names.
    pub(crate) others: &'static [&'static str],
    pub(crate) kind: Kind,
    /// The features that know the types, and the version of the library for each. Without one, the page
    /// `lints::ready_made` has a line to copy.
    pub(crate) features: &'static [(&'static str, &'static str)],
}

/// What decides whether an unknown value loses anything.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Kind {
    /// It does.
    Handle,
    /// It does, except if its argument writes to memory.
    Writer,
    /// It does if its argument needs release.
    Wrapper,
}

const HANDLE: Client = Client {
    crates: &[],
    own: &[],
    common: &[],
    modules: &[],
    others: &[],
    kind: Kind::Handle,
    features: &[],
};
const WRITER: Client = Client { kind: Kind::Writer, ..HANDLE };
const WRAPPER: Client = Client { kind: Kind::Wrapper, ..HANDLE };

/// Sorted by the name of the crate.
pub(crate) const CLIENTS: &[Client] = &[
    Client {
        crates: &["arc_swap"],
        own: &["ArcSwap", "ArcSwapAny", "ArcSwapOption"],
        features: &[("arc-swap", "1")],
        ..WRAPPER
    },
    Client {
        crates: &["async_compression"],
        common: &[
            "BrotliEncoder",
            "BzEncoder",
            "DeflateEncoder",
            "GzipEncoder",
            "XzEncoder",
            "ZlibEncoder",
            "ZstdEncoder",
        ],
        others: &["bufread"],
        ..WRITER
    },
    Client {
        crates: &["async_nats"],
        common: &["Client", "Subscriber"],
        features: &[("async-nats", "0.51"), ("async-nats050", "0.50")],
        ..HANDLE
    },
    Client { crates: &["bb8"], common: &["Pool", "PooledConnection"], features: &[("bb8", "0.9")], ..HANDLE },
    Client {
        crates: &["clickhouse"],
        common: &["Insert", "Inserter"],
        features: &[("clickhouse", "0.15")],
        ..HANDLE
    },
    Client {
        crates: &["crossbeam_channel", "crossbeam"],
        common: &["Sender"],
        features: &[("crossbeam-channel", "0.5")],
        ..HANDLE
    },
    Client { crates: &["csv"], common: &["Writer"], features: &[("csv", "1")], ..WRITER },
    Client {
        crates: &[
            "deadpool",
            "deadpool_diesel",
            "deadpool_lapin",
            "deadpool_postgres",
            "deadpool_redis",
            "deadpool_sqlite",
        ],
        common: &["Object", "Pool"],
        others: &["unmanaged"],
        features: &[("deadpool", "0.13")],
        ..HANDLE
    },
    Client {
        crates: &["flate2"],
        own: &["DeflateEncoder", "GzEncoder", "ZlibEncoder"],
        modules: &["write"],
        others: &["bufread", "read"],
        features: &[("flate2", "1")],
        ..WRITER
    },
    Client { crates: &["flume"], common: &["Sender"], features: &[("flume", "0.12")], ..HANDLE },
    Client {
        crates: &["fred"],
        common: &["Client", "ExclusivePool", "Pool"],
        features: &[("fred", "10")],
        ..HANDLE
    },
    Client { crates: &["google_cloud_pubsub"], common: &["Publisher", "ShutdownToken"], ..HANDLE },
    Client {
        crates: &["lapin"],
        common: &["Channel", "Connection", "Consumer"],
        features: &[("lapin", "4"), ("lapin3", "3")],
        ..HANDLE
    },
    Client {
        crates: &["mongodb"],
        common: &["Client", "ClientSession"],
        features: &[("mongodb", "3")],
        ..HANDLE
    },
    Client {
        crates: &["mysql_async"],
        common: &["Conn", "Pool", "Transaction"],
        features: &[("mysql_async", "0.37")],
        ..HANDLE
    },
    Client { crates: &["object_store"], common: &["BufWriter"], ..HANDLE },
    Client {
        crates: &["once_cell"],
        common: &["Lazy", "OnceCell"],
        features: &[("once_cell", "1")],
        ..WRAPPER
    },
    Client {
        crates: &["opentelemetry_sdk"],
        own: &["SdkLoggerProvider", "SdkMeterProvider", "SdkTracerProvider"],
        common: &["LoggerProvider", "TracerProvider"],
        modules: &["logs", "metrics", "trace"],
        features: &[("opentelemetry", "0.33")],
        ..HANDLE
    },
    Client {
        crates: &["parking_lot"],
        own: &["FairMutex", "ReentrantMutex"],
        common: &["Mutex", "RwLock"],
        features: &[("parking_lot", "0.12")],
        ..WRAPPER
    },
    Client { crates: &["parquet"], own: &["ArrowWriter", "AsyncArrowWriter"], ..WRITER },
    Client { crates: &["pulsar"], common: &["Producer"], ..HANDLE },
    Client { crates: &["pyroscope"], own: &["PyroscopeAgent"], modules: &["pyroscope"], ..HANDLE },
    Client {
        crates: &["quinn"],
        common: &["Connection", "Endpoint", "SendStream"],
        features: &[("quinn", "0.11")],
        ..HANDLE
    },
    Client {
        crates: &["r2d2", "r2d2_sqlite", "r2d2_postgres"],
        common: &["Pool", "PooledConnection"],
        features: &[("r2d2", "0.8")],
        ..HANDLE
    },
    Client {
        crates: &["rdkafka"],
        own: &["BaseConsumer", "BaseProducer", "FutureProducer", "StreamConsumer", "ThreadedProducer"],
        modules: &["consumer", "producer"],
        features: &[("rdkafka", "0.39")],
        ..HANDLE
    },
    Client {
        crates: &["redb"],
        common: &["Database", "WriteTransaction"],
        features: &[("redb", "4")],
        ..HANDLE
    },
    Client {
        crates: &["redis"],
        own: &["ConnectionManager", "MultiplexedConnection"],
        common: &["PubSub"],
        modules: &["aio"],
        features: &[("redis", "1")],
        ..HANDLE
    },
    Client { crates: &["rocksdb"], common: &["DB"], ..HANDLE },
    Client {
        crates: &["rumqttc"],
        common: &["AsyncClient", "Client", "Connection", "EventLoop"],
        features: &[("rumqttc", "0.25")],
        ..HANDLE
    },
    Client { crates: &["rusqlite"], common: &["Connection"], ..HANDLE },
    Client {
        crates: &["sea_orm"],
        own: &["DatabaseConnection"],
        common: &["DatabaseTransaction"],
        features: &[("sea-orm", "2"), ("sea-orm1", "1.1")],
        ..HANDLE
    },
    Client { crates: &["sentry"], own: &["ClientInitGuard"], features: &[("sentry", "0.49")], ..HANDLE },
    Client {
        crates: &["sqlx"],
        own: &["AnyPool", "MySqlPool", "PgPool", "PgTransaction", "PoolConnection", "SqlitePool"],
        common: &["Pool", "Transaction"],
        modules: &["pool"],
        features: &[("sqlx", "0.9"), ("sqlx08", "0.8")],
        ..HANDLE
    },
    Client { crates: &["tantivy"], own: &["IndexWriter"], ..HANDLE },
    Client { crates: &["tar"], common: &["Builder"], features: &[("tar", "0.4")], ..WRITER },
    Client {
        crates: &["tempfile"],
        own: &["NamedTempFile"],
        common: &["TempDir", "TempPath"],
        features: &[("tempfile", "3")],
        ..HANDLE
    },
    Client { crates: &["tokio_cron_scheduler"], own: &["JobScheduler"], ..HANDLE },
    Client {
        crates: &["tokio_postgres"],
        common: &["Client", "CopyInSink"],
        features: &[("tokio-postgres", "0.7")],
        ..HANDLE
    },
    Client {
        crates: &["tokio_util"],
        own: &["TaskTracker"],
        modules: &["task"],
        features: &[("tokio-util", "0.7")],
        ..HANDLE
    },
    Client {
        crates: &["tracing_appender"],
        own: &["WorkerGuard"],
        modules: &["non_blocking"],
        features: &[("tracing-appender", "0.2")],
        ..HANDLE
    },
    Client { crates: &["tracing_loki"], own: &["BackgroundTaskController"], ..HANDLE },
    Client {
        crates: &["zip"],
        own: &["ZipWriter"],
        modules: &["write"],
        features: &[("zip", "9")],
        ..WRITER
    },
];

#[cfg(test)]
mod tests;
