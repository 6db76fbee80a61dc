//! The handles of client libraries, one file for each library. The head of `release` says how to add one.

/// The libraries whose file serves several versions. The file names its library by `super::library`.
mod library {
    #[cfg(feature = "async-nats")]
    pub(super) use ::async_nats;
    #[cfg(feature = "lapin")]
    pub(super) use ::lapin;
    #[cfg(feature = "redis")]
    pub(super) use ::redis;
    #[cfg(feature = "sea-orm")]
    pub(super) use ::sea_orm;
    #[cfg(feature = "sqlx")]
    pub(super) use ::sqlx;
}

#[cfg(feature = "arc-swap")]
pub mod arc_swap;
/// Version 0.51. Needs the feature `async-nats`. Needs Rust 1.89.
#[cfg(feature = "async-nats")]
pub mod async_nats;
#[cfg(feature = "bb8")]
pub mod bb8;
#[cfg(feature = "clickhouse")]
pub mod clickhouse;
#[cfg(feature = "crossbeam-channel")]
pub mod crossbeam_channel;
#[cfg(feature = "csv")]
pub mod csv;
#[cfg(feature = "deadpool")]
pub mod deadpool;
#[cfg(feature = "flate2")]
pub mod flate2;
#[cfg(feature = "flume")]
pub mod flume;
#[cfg(feature = "fred")]
pub mod fred;
/// Version 4. Needs the feature `lapin`.
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
#[cfg(any(feature = "bb8", feature = "deadpool", feature = "mysql_async", feature = "r2d2"))]
#[allow(dead_code, reason = "a pool that waits by itself needs a part of it")]
mod pool;
#[cfg(feature = "quinn")]
pub mod quinn;
#[cfg(feature = "r2d2")]
pub mod r2d2;
#[cfg(feature = "rdkafka")]
pub mod rdkafka;
#[cfg(feature = "redb")]
pub mod redb;
/// Version 1. Needs the feature `redis`.
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "rumqttc")]
pub mod rumqttc;
/// Version 2. Needs the feature `sea-orm`. Needs Rust 1.94.
#[cfg(feature = "sea-orm")]
pub mod sea_orm;
#[cfg(feature = "sentry")]
pub mod sentry;
/// Version 0.9. Needs the feature `sqlx`. Needs Rust 1.94.
#[cfg(feature = "sqlx")]
pub mod sqlx;
#[cfg(feature = "tar")]
pub mod tar;
#[cfg(feature = "tempfile")]
pub mod tempfile;
#[cfg(feature = "tokio-postgres")]
pub mod tokio_postgres;
#[cfg(feature = "tokio-util")]
pub mod tokio_util;
#[cfg(feature = "tracing-appender")]
pub mod tracing_appender;
#[cfg(feature = "zip")]
pub mod zip;

/// Compiles the file of a library once more, with another version of it as `super::library`.
macro_rules! other_versions {
    ($($(#[$attribute:meta])+ $version:ident = $library:ident;)+) => {
        #[path = "clients"]
        mod other_versions {$(
            $(#[$attribute])+
            #[path = ""]
            pub(super) mod $version {
                mod library {
                    pub(super) use ::$version as $library;
                }
                #[allow(clippy::duplicate_mod, clippy::useless_conversion, reason = "one file for every version")]
                pub mod $library;
            }
        )+}
        $(
            $(#[$attribute])+
            pub use other_versions::$version::$library as $version;
        )+
    };
}

other_versions! {
    /// Version 0.50. Needs the feature `async-nats050`.
    #[cfg(feature = "async-nats050")]
    async_nats050 = async_nats;
    /// Version 3. Needs the feature `lapin3`.
    #[cfg(feature = "lapin3")]
    lapin3 = lapin;
    /// Version 1.1. Needs the feature `sea-orm1`.
    #[cfg(feature = "sea-orm1")]
    sea_orm1 = sea_orm;
    /// Version 0.8. Needs the feature `sqlx08`.
    #[cfg(feature = "sqlx08")]
    sqlx08 = sqlx;
}
