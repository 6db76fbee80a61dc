//! The handles of client libraries, one file for each library. The head of `release` says how to add one.

#[cfg(feature = "async-nats")]
pub mod async_nats;
#[cfg(feature = "lapin")]
pub mod lapin;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlx")]
pub mod sqlx;
#[cfg(feature = "tracing-appender")]
pub mod tracing_appender;
