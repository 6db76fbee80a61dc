//! What the tests of this package share: servers, services that use a database, and the ways in which tests stop them.

#[cfg(feature = "rumqttc")]
mod mosquitto;
pub mod pools;
pub mod sessions;
#[cfg(feature = "rdkafka")]
mod tansu;

#[cfg(feature = "rumqttc")]
pub use mosquitto::Mosquitto;
#[cfg(feature = "rdkafka")]
pub use tansu::Tansu;
