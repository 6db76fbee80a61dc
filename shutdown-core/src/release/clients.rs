//! The handles of client libraries, one file for each library. The head of `release` says how to add one.

#[cfg(feature = "arc-swap")]
pub mod arc_swap;
#[cfg(feature = "async-nats")]
pub mod async_nats;
#[cfg(feature = "bb8")]
pub mod bb8;
#[cfg(feature = "crossbeam-channel")]
pub mod crossbeam_channel;
#[cfg(feature = "csv")]
pub mod csv;
#[cfg(feature = "deadpool")]
pub mod deadpool;
#[cfg(feature = "flume")]
pub mod flume;
#[cfg(feature = "lapin")]
pub mod lapin;
#[cfg(feature = "mongodb")]
pub mod mongodb;
#[cfg(feature = "mysql_async")]
pub mod mysql_async;
#[cfg(feature = "once_cell")]
pub mod once_cell;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
#[cfg(feature = "parking_lot")]
pub mod parking_lot;
#[cfg(any(
    feature = "bb8",
    feature = "deadpool",
    feature = "mongodb",
    feature = "mysql_async",
    feature = "r2d2"
))]
mod pool;
#[cfg(feature = "r2d2")]
pub mod r2d2;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlx")]
pub mod sqlx;
#[cfg(feature = "tempfile")]
pub mod tempfile;
#[cfg(feature = "tokio-postgres")]
pub mod tokio_postgres;
#[cfg(feature = "tokio-util")]
pub mod tokio_util;
#[cfg(feature = "tracing-appender")]
pub mod tracing_appender;
