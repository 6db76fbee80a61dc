//! Servers that only the tests of this package need.

#[cfg(feature = "rdkafka")]
mod tansu;

#[cfg(feature = "rdkafka")]
pub use tansu::Tansu;
