//! Servers that only the tests of this package need.

#[cfg(feature = "rumqttc")]
mod mosquitto;
#[cfg(feature = "rdkafka")]
mod tansu;

#[cfg(feature = "rumqttc")]
pub use mosquitto::Mosquitto;
#[cfg(feature = "rdkafka")]
pub use tansu::Tansu;
